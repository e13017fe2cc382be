import { defineConfig } from 'vitest/config'

const source = (path: string) => new URL(`./src/${path}`, import.meta.url).pathname

/** Tests import the package by its public names; these lead to the sources instead of dist. */
const alias = [
  { find: /^sluiceway$/, replacement: source('index.ts') },
  { find: /^sluiceway\/testing$/, replacement: source('testing/index.ts') },
  { find: /^sluiceway\/(bullmq|opentelemetry)$/, replacement: source('integrations/$1/index.ts') },
  { find: /^sluiceway\/(\w+)$/, replacement: source('adapters/$1/index.ts') },
]

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**'],
          setupFiles: ['test/support/direct-reads-setup.ts'],
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/setup.ts'],
          setupFiles: ['test/support/direct-reads-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          // After the unit tests: side by side they would take each other's processors.
          sequence: { groupOrder: 1 },
        },
      },
    ],
    coverage: { include: ['src/**'] },
  },
})
