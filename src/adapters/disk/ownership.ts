import { errno } from '../../contract/errno'
import { TransferError } from '../../contract/errors'
import type { StagedFile } from './staged-file'
import { isSame } from './stats'
import type { Volume } from './volume'

/** Milliseconds for which a look at the staged file's name holds. */
export const lease = 100

/**
 * Whether a staged file is still this session's. Whoever takes a session up renames the file, so an earlier holder
 * finds nothing under the name it knows: it cannot commit, and stops writing when it next looks.
 *
 * It looks at most every {@link lease} milliseconds, and the new holder waits for longer than that before it begins.
 * So two never write at once, but for a process that was frozen between its look and its write: once it wakes, each
 * part it had in flight makes the one write it was about to make (up to 512 KiB, or one chunk). Those are bytes of the
 * same part of the same version of the source, for a checkpoint is of no use to another.
 */
export class Ownership {
  readonly #volume: Volume
  readonly #staged: StagedFile
  readonly #location: string
  #until = performance.now() + lease

  constructor(volume: Volume, staged: StagedFile, location: string) {
    this.#volume = volume
    this.#staged = staged
    this.#location = location
  }

  get isDue(): boolean {
    return performance.now() >= this.#until
  }

  /** @throws SESSION_LOST where the file has another name, or is gone; errors of the file system as they are. */
  async require(): Promise<void> {
    const asked = performance.now()
    if (!(await this.#isOurs())) {
      throw new TransferError(
        'SESSION_LOST',
        `Another process has taken up the write session of ${this.#location}, or removed its staged file.`,
        { context: { location: this.#location, staged: this.#staged.path } },
      )
    }
    this.#until = asked + lease
  }

  async #isOurs(): Promise<boolean> {
    const { path, identity } = this.#staged
    try {
      return isSame(await this.#volume.fs.lstat(path, { bigint: true }), identity)
    } catch (error) {
      if (errno(error) === 'ENOENT') return false
      throw error
    }
  }
}
