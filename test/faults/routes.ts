import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { disk } from 'sluiceway/disk'
import { memory } from 'sluiceway/memory'
import { stream } from 'sluiceway/stream'
import {
  type CosServer,
  cosServer,
  type FaultProxy,
  faultProxy,
  readObject,
  type S3Server,
  s3Server,
  writeObject,
} from 'sluiceway/testing'
import type { Source } from '../../src/contract/source'
import type { Store } from '../../src/contract/store'
import type { Disturbance } from './faults'
import { partSize } from './limits'
import type { OtherEnd } from './sections'

/** One end of a route, with a way around the adapter to what it holds. */
export interface End {
  readonly store: Store
  readonly server?: S3Server | CosServer
  /** In front of the server, where it was asked for. */
  readonly proxy?: FaultProxy
  write(key: string, bytes: Uint8Array): Promise<unknown>
  read(key: string): Promise<Uint8Array>
  /** Names of uploads and staged files. */
  unfinished(): Promise<string[]>
  /** Where its store connects to, if it does. */
  readonly port?: number
  dispose(): Promise<void>
}

export interface NetworkOptions {
  readonly proxied?: boolean
  readonly fixedKeys?: boolean
  now?(): Date
}

const limits = { minPartSize: partSize, maxPutSize: partSize }
const serverLimits = { minPartSize: partSize }

/** An S3 server standing for Ceph, or a COS server. */
export async function openPeer(
  peer: 'ceph' | 'cos',
  { proxied, fixedKeys, now }: NetworkOptions = {},
): Promise<End> {
  const server = await (peer === 'ceph' ? s3Server : cosServer)({ limits: serverLimits, now })
  const proxy = proxied ? await faultProxy({ target: { port: server.port } }) : undefined
  const endpoint = proxy?.url ?? server.url
  // A new object each time: keys that were called expired are not taken for new ones.
  const keys = <C extends object>(pair: C) => (fixedKeys ? pair : async () => ({ ...pair }))
  const store =
    peer === 'ceph'
      ? ceph({ endpoint, bucket: server.bucket, credentials: keys((server as S3Server).credentials), limits })
      : cos({
          endpoint,
          bucket: server.bucket,
          region: 'ap-guangzhou',
          credentials: keys((server as CosServer).credentials),
          limits,
        })
  return {
    store,
    server,
    proxy,
    port: (proxy ?? server).port,
    write: (key, bytes) => server.put(key, bytes),
    read: async (key) => (await server.object(key)?.bytes()) ?? new Uint8Array(),
    unfinished: async () => server.uploads().map(({ uploadId }) => uploadId),
    async dispose() {
      await proxy?.close()
      await server.close()
    },
  }
}

async function openDisk(): Promise<End> {
  const root = await mkdtemp(join(tmpdir(), 'sluiceway-faults-'))
  const path = (key: string) => join(root, key)
  return {
    store: disk({ root, fsync: false }),
    async write(key, bytes) {
      await mkdir(dirname(path(key)), { recursive: true })
      await writeFile(path(key), bytes)
    },
    read: (key) => readFile(path(key)),
    async unfinished() {
      const names = await readdir(root, { recursive: true })
      return names.filter((name) => name.includes('.sluiceway-'))
    },
    dispose: () => rm(root, { recursive: true }),
  }
}

function openMemory(): End {
  const store = memory({ minPartSize: partSize, maxPutSize: partSize })
  return {
    store,
    write: (key, bytes) => writeObject(store, key, bytes, { partSize }),
    read: (key) => readObject(store, key),
    unfinished: async () => store.uploads(),
    dispose: async () => {},
  }
}

/** The end of a route that behaves; none for a stream, which is no store. */
export async function openOther(other: OtherEnd): Promise<End | undefined> {
  if (other === 'disk') return openDisk()
  if (other === 'memory') return openMemory()
  if (other === 'stream' || other === 'sized stream') return undefined
  return openPeer(other.startsWith('ceph') ? 'ceph' : 'cos')
}

export interface OpenStream {
  readonly source: Source
  /** Whether it was read to its end, or destroyed. */
  over(): boolean
}

const streamChunk = 10_000
/** Milliseconds between the chunks of a stream that drips. */
const dripMs = 20

/** As an upload request gives its bytes: in chunks, once, and as badly as told. */
export function openStream(bytes: Uint8Array, sized: boolean, fault?: Disturbance['type']): OpenStream {
  const half = bytes.byteLength / 2
  let at = 0
  const input = new Readable({
    read() {
      const chunk = bytes.subarray(at, at + streamChunk)
      const give = () => void this.push(chunk.byteLength > 0 ? chunk : null)
      if (fault === 'runs-long' && chunk.byteLength === 0 && at < bytes.byteLength + streamChunk) {
        this.push(new Uint8Array(1))
      } else if (at > half && fault === 'breaks') this.destroy(new Error('the client left'))
      else if (at > half && fault === 'ends') this.push(null)
      else if (fault === 'drips') setTimeout(give, dripMs)
      else if (at <= half || fault !== 'stalls') give()
      at += streamChunk
    },
  })
  return {
    source: stream(input, sized ? { size: bytes.byteLength } : {}),
    over: () => input.readableEnded || input.destroyed,
  }
}
