import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    ceph: 'src/adapters/ceph/index.ts',
    cos: 'src/adapters/cos/index.ts',
    disk: 'src/adapters/disk/index.ts',
    memory: 'src/adapters/memory/index.ts',
    stream: 'src/adapters/stream/index.ts',
    bullmq: 'src/integrations/bullmq/index.ts',
    opentelemetry: 'src/integrations/opentelemetry/index.ts',
    testing: 'src/testing/index.ts',
    preload: 'src/preload.ts',
  },
  format: ['esm', 'cjs'],
  target: 'node20',
  dts: true,
  // Shared chunks keep one copy of the core per module format, however many subpaths are imported.
  splitting: true,
  clean: true,
  treeshake: true,
})
