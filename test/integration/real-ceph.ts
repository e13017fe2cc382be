import { randomUUID } from 'node:crypto'
import { beforeAll, describe, inject } from 'vitest'
import { connectGateway, type Gateway, type GatewayFacts } from './ceph/gateway'

/** What setup.ts found: a gateway, or why this machine has none. */
export type CephProvided = { readonly facts: GatewayFacts } | { readonly unavailable: string }

declare module 'vitest' {
  interface ProvidedContext {
    ceph: CephProvided
  }
}

/**
 * Tests that need a real gateway. Where there is none they are reported as skipped, with the reason in their name;
 * on CI the run has failed before it comes to that. Each call has a bucket of its own on the shared gateway.
 */
export function describeWithCeph(name: string, define: (ceph: SharedGateway) => void): void {
  const provided = inject('ceph')
  if ('unavailable' in provided) {
    describe.skip(`${name} (no Ceph here: ${provided.unavailable})`, () => define(absent))
    return
  }
  const shared = { ...connectGateway(provided.facts), bucket: `test-${randomUUID()}` }
  describe(name, () => {
    beforeAll(() => shared.createBucket(shared.bucket))
    define(shared)
  })
}

/** The gateway all test files use: only a test that started one of its own may stop it. */
export type SharedGateway = Pick<
  Gateway,
  'endpoint' | 'credentials' | 'createBucket' | 'listUploads' | 'collectGarbage' | 'usedBytes'
> & { readonly bucket: string }

/** Stands in while the names of skipped tests are collected: reading it in a describe body must not throw. */
const absent: SharedGateway = {
  endpoint: 'http://127.0.0.1:9',
  credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  bucket: 'none',
  createBucket: unavailable,
  listUploads: unavailable,
  collectGarbage: unavailable,
  usedBytes: unavailable,
}

async function unavailable(): Promise<never> {
  throw new Error('there is no gateway on this machine')
}
