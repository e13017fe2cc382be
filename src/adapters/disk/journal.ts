import { basename, dirname, join } from 'node:path'
import { errno } from '../../contract/errno'
import { TransferError } from '../../contract/errors'
import type { Part } from '../../contract/sink'
import type { FileHandle } from './filesystem'
import { openReal } from './open-file'
import { journalName, parseStagedName } from './staged-name'
import type { Volume } from './volume'

/** Bytes of the line of a part: each has its place, so that lines written at once never meet, and a torn one is alone. */
const lineSize = 48
/** The last word makes a line that was cut unreadable, instead of the claim to another size. */
const line = /^(\d{1,16}) (\d{1,16}) whole *$/

/**
 * Which parts of a staged file are whole, for a process that takes it up: a small file beside it, with one line for each
 * part. It is a claim, not a proof: after a power cut it may name a part whose bytes never reached the disk, so
 * whoever relies on it reads the bytes again.
 *
 * Made when the first part is whole, and removed with the session.
 */
export class Journal {
  readonly path: string
  readonly #volume: Volume
  #opening: Promise<FileHandle> | undefined

  constructor(volume: Volume, stagedPath: string) {
    const name = parseStagedName(basename(stagedPath))
    if (!name) throw new TypeError(`Not the name of a staged file: ${stagedPath}`)
    this.path = join(dirname(stagedPath), journalName(name))
    this.#volume = volume
  }

  /** Once its bytes are in the file. */
  add({ index, start, size }: Part): Promise<void> {
    return this.#write(index, `${start} ${size} whole`)
  }

  /** Before its bytes are written over. */
  erase(index: number): Promise<void> {
    return this.#write(index, '')
  }

  /** The parts it names, or undefined where there is none. */
  async read(): Promise<Map<number, Part> | undefined> {
    let handle: FileHandle | undefined
    try {
      handle = (await openReal(this.#volume, this.path))?.handle
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error
    }
    if (!handle) return undefined
    try {
      const { size } = await handle.stat({ bigint: true })
      const bytes = Buffer.alloc(Number(size))
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
      return parse(bytes.subarray(0, bytesRead))
    } finally {
      await handle.close()
    }
  }

  async close(): Promise<void> {
    const handle = await this.#opening?.catch(() => undefined)
    await handle?.close().catch(() => {})
  }

  async remove(): Promise<void> {
    await this.close()
    try {
      await this.#volume.fs.unlink(this.path)
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error
    }
  }

  async #write(index: number, text: string): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    const handle = await this.#opening
    const bytes = Buffer.from(`${text.padEnd(lineSize - 1)}\n`)
    const { bytesWritten } = await handle.write(bytes, 0, lineSize, index * lineSize)
    // Half a line claims nothing, and neither may the part be taken for one that was noted.
    if (bytesWritten !== lineSize) throw Object.assign(new Error('ENOSPC: short write'), { code: 'ENOSPC' })
  }

  async #open(): Promise<FileHandle> {
    const { flags } = this.#volume
    const opened =
      (await this.#tryOpen(flags.update, 'ENOENT')) ??
      (await this.#tryOpen(flags.create, 'EEXIST')) ??
      (await this.#tryOpen(flags.update))
    if (opened) return opened
    // What was made beyond a symlink that just came into the path.
    await this.#volume.fs.unlink(this.path).catch(() => {})
    throw new TransferError('SESSION_LOST', `The folder of ${this.path} was replaced. Transfer again.`, {
      context: { journal: this.path },
    })
  }

  async #tryOpen(flags: string | number, expected?: string): Promise<FileHandle | undefined> {
    try {
      return (await openReal(this.#volume, this.path, flags))?.handle
    } catch (error) {
      if (expected !== undefined && errno(error) === expected) return undefined
      throw error
    }
  }
}

function parse(bytes: Buffer): Map<number, Part> {
  const parts = new Map<number, Part>()
  for (let index = 0; (index + 1) * lineSize <= bytes.length; index++) {
    const text = bytes.toString('latin1', index * lineSize, (index + 1) * lineSize - 1)
    const [, start, size] = line.exec(text) ?? []
    if (start !== undefined) parts.set(index, { index, start: Number(start), size: Number(size) })
  }
  return parts
}
