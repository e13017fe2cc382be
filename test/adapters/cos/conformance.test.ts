import { describe, it } from 'vitest'
import { cos } from '../../../src/adapters/cos'
import { type ConformanceAdapter, conformance, cosServer, oddKeys } from '../../../src/testing'
import { optionsFor } from './servers'

const adapter: ConformanceAdapter = {
  name: 'cos',
  knownGaps: {
    'a part copied by the backend has the bytes of its range': 'copies by COS itself are not offered',
  },
  pageSize: 1000,
  keys: { refused: [oddKeys['1,000 bytes']!, '/absolute', '..'] },
  async create() {
    const server = await cosServer()
    const store = cos(optionsFor(server))
    return {
      store,
      async dispose() {
        await store.close()
        await server.close()
      },
      leftovers: async () => server.uploads().map(({ key, uploadId }) => `${key} ${uploadId}`),
      reopen: async () => cos(optionsFor(server)),
      putRaw: async (key, bytes) => void (await server.put(key, bytes)),
      getRaw: async (key) => (await server.object(key)?.bytes()) ?? new Uint8Array(),
      secrets: [server.credentials.secretKey, server.credentials.secretId],
    }
  },
}

conformance({ describe, it }, adapter)
