import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Bytes, transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { stream } from 'sluiceway/stream'
import { syntheticBytes } from 'sluiceway/testing'
import type { SharedGateway } from '../real-ceph'
import { cephStore } from '../stores'
import type { End } from './attempt'
import { type RemoteCos, remoteCos } from './remote-cos'

/** Seed of the bytes that all ends hold. */
const seed = 3

/** Where killed workers work: folders and a COS server that outlive them. */
export interface Scene extends AsyncDisposable {
  readonly cos: RemoteCos
  /** Root of the disk ends. */
  readonly root: string
  readonly checkpoints: string
  diskEnd(key: string): End
  /** All files below a folder. */
  files(folder: string): Promise<string[]>
}

export async function openScene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'sluiceway-kill-'))
  const [root, checkpoints, objects] = ['root', 'checkpoints', 'objects'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  await Promise.all([root, checkpoints, objects].map((path) => mkdir(path)))
  const cosProcess = await remoteCos(objects)
  return {
    cos: cosProcess,
    root,
    checkpoints,
    diskEnd: (key) => ({ kind: 'disk', key, options: { root } }),
    files: async (path) => (await readdir(path, { recursive: true })).sort(),
    async [Symbol.asyncDispose]() {
      await cosProcess[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const cephEnd = ({ endpoint, bucket, credentials }: SharedGateway, key: string): End => ({
  kind: 'ceph',
  key,
  options: { endpoint, bucket, credentials },
})

const bytesOf = (size: number) => syntheticBytes(seed, { start: 0, end: size })

/** The same bytes for every kind of end. */
export const stage = {
  async ceph(gateway: SharedGateway, key: string, size: number) {
    const store = cephStore(gateway)
    await transfer(stream(bytesOf(size), { size }), store.sink(key))
    await store.close()
  },
  cos: (scene: Scene, key: string, size: number) => scene.cos.ask.addSynthetic(key, size, seed),
  disk: (scene: Scene, key: string, size: number) =>
    pipeline(Readable.from(bytesOf(size)), createWriteStream(join(scene.root, key))),
}

export async function sha256(bytes: Bytes): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of bytes) hash.update(chunk)
  return hash.digest('hex')
}

export const sha256OfStaged = (size: number) => sha256(bytesOf(size))

/** Of what stands at the destination, read again by a store of this process. */
export async function sha256At({ kind, key, options }: End): Promise<string> {
  if (kind === 'disk') return sha256(createReadStream(join((options as { root: string }).root, key)))
  const store = kind === 'cos' ? cos(options as CosOptions) : ceph(options as CephOptions)
  try {
    return await sha256(await store.source(key).open())
  } finally {
    await store.close()
  }
}

type CephOptions = Parameters<typeof ceph>[0]
type CosOptions = Parameters<typeof cos>[0]
