import { describe, it } from 'vitest'
import { ceph } from '../../../src/adapters/ceph'
import { conformance } from '../../../src/testing/conformance'
import { s3Server } from '../../../src/testing/servers'

const minPartSize = 64 * 1024

conformance(
  { describe, it },
  {
    name: 'ceph',
    partSize: minPartSize,
    pageSize: 1000,
    async create() {
      const server = await s3Server({ limits: { minPartSize } })
      const make = () =>
        ceph({
          bucket: server.bucket,
          endpoint: server.url,
          credentials: server.credentials,
          limits: { minPartSize },
        })
      const store = make()
      const others: ReturnType<typeof make>[] = []
      return {
        store,
        async dispose() {
          await Promise.all([store, ...others].map((each) => each.close()))
          await server.close()
        },
        leftovers: async () => server.uploads().map((upload) => upload.uploadId),
        async reopen() {
          const other = make()
          others.push(other)
          return other
        },
        putRaw: async (key: string, bytes: Uint8Array) => void (await server.put(key, bytes)),
        getRaw: async (key: string) => server.object(key)!.bytes(),
        secrets: [server.credentials.secretAccessKey],
      }
    },
  },
)
