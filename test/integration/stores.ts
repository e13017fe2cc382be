import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { disk } from 'sluiceway/disk'
import { memory } from 'sluiceway/memory'
import { type CosServer, type CosServerOptions, cosServer } from 'sluiceway/testing'
import type { Store } from '../../src/contract/store'
import type { SharedGateway } from './real-ceph'

export const MiB = 1024 * 1024

/** One store of each kind, the Ceph one on the real gateway. */
export interface Stores extends AsyncDisposable {
  readonly ceph: Store
  readonly cos: Store
  readonly disk: Store
  readonly memory: Store
  readonly cosServer: CosServer
  readonly root: string
}

export const storeNames = ['ceph', 'cos', 'disk', 'memory'] as const

export const cephStore = (gateway: SharedGateway) =>
  ceph({ endpoint: gateway.endpoint, bucket: gateway.bucket, credentials: gateway.credentials })

export const cosStore = (server: CosServer) =>
  cos({
    endpoint: server.url,
    bucket: server.bucket,
    region: 'ap-guangzhou',
    credentials: server.credentials,
  })

export async function openStores(gateway: SharedGateway, options: CosServerOptions = {}): Promise<Stores> {
  const root = await mkdtemp(join(tmpdir(), 'sluiceway-routes-'))
  const server = await cosServer(options)
  const stores = {
    ceph: cephStore(gateway),
    cos: cosStore(server),
    disk: disk({ root }),
    memory: memory(),
  }
  return {
    ...stores,
    cosServer: server,
    root,
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(stores).map((store) => store.close()))
      await server.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}
