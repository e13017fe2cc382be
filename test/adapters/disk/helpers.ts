import * as nodeFs from 'node:fs'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { memfs } from 'memfs'
import { type DiskOptions, disk, type FileHandle, type FileSystem } from 'sluiceway/disk'
import { afterEach } from 'vitest'
import { TransferError } from '../../../src/contract/errors'
import type { Body, NewObject, Part, PartReceipt, WriteSession } from '../../../src/contract/sink'
import type { Bytes, Context } from '../../../src/contract/source'
import type { Store } from '../../../src/contract/store'

type Promises = FileSystem['promises']

const folders: string[] = []
const stores: Store[] = []
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A new folder on the real disk, removed after the test. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'disk-store-')))
  folders.push(folder)
  return folder
}

/** A store in a new folder on the real disk, closed after the test. */
export function realStore(
  options: Partial<DiskOptions> = {},
  files: Record<string, string | Uint8Array> = {},
) {
  const root = temporaryFolder()
  const path = (key: string): string => join(root, key)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), content)
  }
  const store = disk({ root, ...options })
  stores.push(store)
  return { root, store, path }
}

/** Another store over the same folder, as another process would make it; closed after the test. */
export function reopened(root: string, options: Partial<DiskOptions> = {}): Store {
  const store = disk({ root, ...options })
  stores.push(store)
  return store
}

/** An empty volume in memory with a folder /root. */
export function memory(files: Record<string, string> = {}) {
  const { fs } = memfs({ '/root': null, ...files })
  return { fs, store: disk({ root: '/root', fs }) }
}

/** node:fs, or another module, with some calls replaced. */
export const withCalls = (calls: Partial<Promises>, fs: FileSystem = nodeFs): FileSystem => ({
  constants: fs.constants,
  promises: Object.assign(Object.create(fs.promises) as Promises, calls),
})

/** The same, with handles changed as they are opened. */
export const withHandles = (
  change: (handle: FileHandle, path: string) => Partial<FileHandle>,
  fs: FileSystem = nodeFs,
): FileSystem =>
  withCalls(
    {
      async open(path, flags, mode) {
        const handle = await fs.promises.open(path, flags, mode)
        const proxy: FileHandle = {
          read: (...args) => handle.read(...args),
          write: (...args) => handle.write(...args),
          stat: (options) => handle.stat(options),
          sync: async () => handle.sync?.(),
          close: () => handle.close(),
        }
        return Object.assign(proxy, change(handle, path))
      },
    },
    fs,
  )

export const failure = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code })

export const collect = async (bytes: Bytes): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** Gives the bytes in chunks of `step`, all in one buffer that is used again, and spoilt once it is given back. */
export async function* borrowed(
  bytes: Uint8Array,
  step = bytes.length || 1,
): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.alloc(step)
  for (let offset = 0; offset < bytes.length; offset += step) {
    const some = bytes.subarray(offset, offset + step)
    buffer.set(some)
    yield buffer.subarray(0, some.length)
    buffer.fill(0xee)
  }
}

export const bodyOf = (bytes: Uint8Array, step?: number): Body => ({
  size: bytes.length,
  open: async () => borrowed(bytes, step),
})

export const newObject = (change: Partial<NewObject> = {}): NewObject => ({
  attributes: {},
  createOnly: false,
  ...change,
})

/** Cuts bytes into parts of `size`. */
export function partsOf(bytes: Uint8Array, size: number): { part: Part; bytes: Uint8Array }[] {
  const parts = []
  for (let start = 0; start < bytes.length; start += size) {
    const some = bytes.subarray(start, start + size)
    parts.push({ part: { index: parts.length, start, size: some.length }, bytes: some })
  }
  return parts
}

export const write = (
  session: WriteSession,
  text: string | Uint8Array,
  context?: Context,
): Promise<PartReceipt> => {
  const bytes = Buffer.from(text)
  return session.writePart({ index: 0, start: 0, size: bytes.length }, bodyOf(bytes), context)
}

export { pattern } from './pattern'

export async function errorOf(work: Promise<unknown> | (() => unknown)): Promise<TransferError> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    if (!TransferError.is(error)) throw error
    return error
  }
  throw new Error('It succeeded, where an error was expected')
}

/** The open files of this process below a folder. */
export const openFilesIn = (folder: string): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(folder) ? [path] : []
    } catch {
      return []
    }
  })

/** Everything below a folder, staged files included, through no symlink. */
export const treeOf = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const below = entry.isDirectory() ? treeOf(join(folder, entry.name)) : []
      return [entry.name, ...below.map((name) => join(entry.name, name))]
    })
    .sort()
