import { basename, join } from 'node:path'
import { memfs } from 'memfs'
import { disk } from '../../../src/adapters/disk'
import { parseStagedName } from '../../../src/adapters/disk/staged-name'
import type { Part, Sink } from '../../../src/contract/sink'
import { damaged } from './damaged'
import type { Destination, Standing } from './destination'
import { flakyFileSystem } from './flaky-file-system'
import type { ModelProcess } from './process'

const root = '/root'
const target = join(root, 'object')
/** Bytes of a line of a session's journal. */
const lineSize = 48

/**
 * The disk store on a volume in memory. Each process has a store of its own, and can be killed at every call of the
 * file system, in the middle of a part or of a commit.
 */
export class DiskDestination implements Destination {
  readonly #fs = memfs({ [root]: null }).fs

  sink(process: ModelProcess): Sink {
    return disk({ root, fs: flakyFileSystem(process, this.#fs) }).sink('object')
  }

  look = async (): Promise<Standing | undefined> => this.#look()

  async put(bytes: Buffer): Promise<Standing | undefined> {
    const before = this.#look()
    const staged = join(root, 'another')
    this.#fs.writeFileSync(staged, bytes)
    this.#fs.renameSync(staged, target)
    return before
  }

  /** By their staged files. A journal alone, of a process killed while it removed both, is for `sweep`. */
  async sessions(): Promise<string[]> {
    return this.#files().flatMap(({ session, kind }) => (kind === 'part' ? [session] : []))
  }

  sessionOf(state: unknown): string {
    return parseStagedName(basename((state as { staged: string }).staged))!.session
  }

  async holds(session: string, { index, start, size }: Part, bytes: Buffer): Promise<boolean> {
    const files = this.#files().filter((file) => file.session === session)
    const part = files.find(({ kind }) => kind === 'part')
    const journal = files.find(({ kind }) => kind === 'journal')
    if (!part || !journal || !this.#line(journal.path, index).startsWith(`${start} ${size} whole`))
      return false
    return this.#read(part.path)
      .subarray(start, start + size)
      .equals(bytes)
  }

  async loseSessions(): Promise<void> {
    for (const { path } of this.#files()) this.#fs.unlinkSync(path)
  }

  readonly trustsWriters = true

  async harmPart(index: number, how: 'vanish' | 'tear' | 'damage'): Promise<void> {
    for (const { session, kind, path } of this.#files()) {
      if (kind !== 'journal') continue
      const part = this.#files().find((file) => file.session === session && file.kind === 'part')
      const [start, size] = this.#line(path, index).split(' ').map(Number)
      if (!part || !size) continue
      if (how === 'vanish') this.#write(path, index * lineSize, Buffer.alloc(lineSize, ' '))
      else if (how === 'tear') this.#fs.truncateSync(part.path, start! + size - 1)
      else this.#write(part.path, start!, damaged(this.#read(part.path).subarray(start!, start! + size)))
    }
  }

  #look(): Standing | undefined {
    if (!this.#fs.existsSync(target)) return undefined
    return { id: String(this.#fs.statSync(target).ino), bytes: this.#read(target) }
  }

  #files() {
    return (this.#fs.readdirSync(root) as string[]).flatMap((name) => {
      const staged = parseStagedName(name)
      return staged ? [{ ...staged, path: join(root, name) }] : []
    })
  }

  #line(journal: string, index: number): string {
    return this.#read(journal).toString('latin1', index * lineSize, (index + 1) * lineSize)
  }

  #read(path: string): Buffer {
    return this.#fs.readFileSync(path) as Buffer
  }

  #write(path: string, at: number, bytes: Buffer): void {
    const handle = this.#fs.openSync(path, 'r+')
    this.#fs.writeSync(handle, bytes, 0, bytes.length, at)
    this.#fs.closeSync(handle)
  }
}
