import { TransferError } from '../../contract/errors'
import type { Part, PartReceipt } from '../../contract/sink'
import type { Journal } from './journal'

/** Gives the CRC-64 of a part as it is in the file, or undefined where the file ends inside it. */
export type ReadBack = (part: Part) => Promise<string | undefined>

/**
 * Parts that are wholly written. One that is being written again is not among them.
 *
 * Those that another process wrote are known from its journal alone, and a power cut may have come between. So what is
 * said of them is what their bytes say: {@link list} reads them, and {@link requireWhole} compares.
 */
export class StoredParts {
  readonly #journal: Journal
  readonly #written: Map<number, Part>
  readonly #inherited: Set<number>
  /** Of inherited parts that have been read back. */
  readonly #digests = new Map<number, string>()

  constructor(journal: Journal, inherited: ReadonlyMap<number, Part> = new Map()) {
    this.#journal = journal
    this.#written = new Map(inherited)
    this.#inherited = new Set(inherited.keys())
  }

  /** Before its bytes are written over. */
  async remove(index: number): Promise<void> {
    const known = this.#written.delete(index)
    this.#inherited.delete(index)
    this.#digests.delete(index)
    if (known) await this.#journal.erase(index)
  }

  async add(part: Part): Promise<void> {
    await this.#journal.add(part)
    this.#written.set(part.index, part)
  }

  /** By index, each with the digest of the bytes that are in the file now. */
  async list(readBack: ReadBack): Promise<PartReceipt[]> {
    const receipts: PartReceipt[] = []
    const parts = [...this.#written.values()].sort((one, other) => one.index - other.index)
    for (const part of parts) {
      const { index, size } = part
      const crc64 = await readBack(part)
      // The file ends inside it, or it is being written again.
      if (crc64 === undefined || this.#written.get(index) !== part) continue
      if (this.#inherited.has(index)) this.#digests.set(index, crc64)
      receipts.push({ index, size, crc64 })
    }
    return receipts
  }

  /**
   * The bytes of the object, whose parts stand one behind the other, each of them wholly in the file.
   * @throws INTEGRITY
   */
  async requireWhole(
    receipts: readonly PartReceipt[],
    expected: number | undefined,
    location: string,
    readBack: ReadBack,
  ): Promise<number> {
    const incomplete = (why: string, context: Record<string, unknown>) =>
      new TransferError('INTEGRITY', `Cannot commit ${location}: ${why}. Write that part again.`, {
        context: { location, ...context },
      })
    let size = 0
    const ordered = [...receipts].sort((one, other) => one.index - other.index)
    for (const [index, receipt] of ordered.entries()) {
      const part = this.#written.get(index)
      if (receipt.index !== index || part?.start !== size || part.size !== receipt.size) {
        throw incomplete(`part ${index} is missing or not wholly written`, { part: index })
      }
      size += receipt.size
      if (receipt.crc64 === undefined || !this.#inherited.has(index)) continue
      const stored = this.#digests.get(index) ?? (await readBack(part))
      if (stored !== receipt.crc64) {
        const facts = { part: index, digest: 'crc64', expected: receipt.crc64, stored }
        throw incomplete(`part ${index} holds other bytes than were sent`, facts)
      }
      this.#digests.set(index, stored)
    }
    if (expected !== undefined && expected !== size) {
      throw incomplete(`its parts have ${size} of ${expected} bytes`, { expected, size })
    }
    return size
  }
}
