import type { Destination, Standing } from './destination'

export interface Change {
  readonly by: string
  /** Undefined where the object was removed. */
  readonly bytes: Buffer | undefined
}

/** All that processes did to the destination, in the order in which it happened. */
export class Journal {
  readonly changes: Change[] = []
  /** Sessions by the process that began or resumed them. */
  readonly #held = new Map<string, Set<string>>()
  readonly #written: { by: string; index: number }[] = []
  readonly #accepted: { by: string; session: string; index: number }[] = []
  readonly #destination: Destination
  #standing: Standing | undefined
  readonly #seen = new Set<string>()

  constructor(destination: Destination) {
    this.#destination = destination
  }

  /** Notes whether the destination has changed since it was last looked at. */
  async look(by: string): Promise<void> {
    this.note(by, await this.#destination.look())
  }

  /** What was seen there, even if something else stands there by now. */
  note(by: string, found: Standing | undefined): void {
    if (found?.id === this.#standing?.id) return
    // Seen before it was replaced, and told of after that.
    if (found && this.#seen.has(found.id)) return
    if (found) this.#seen.add(found.id)
    this.#standing = found
    this.changes.push({ by: isForeign(found?.bytes) ? 'foreign' : by, bytes: found?.bytes })
  }

  async watch<T>(by: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } finally {
      await this.look(by)
    }
  }

  hold(by: string, session: string): void {
    this.#held.set(by, (this.#held.get(by) ?? new Set()).add(session))
  }

  heldBy(by: string): string[] {
    return [...(this.#held.get(by) ?? [])]
  }

  wrote(by: string, index: number): void {
    this.#written.push({ by, index })
  }

  /** Its receipt has reached the process. */
  accepted(by: string, session: string, index: number): void {
    this.#accepted.push({ by, session, index })
  }

  acceptedOf(by: string, session: string): number[] {
    return this.#accepted.flatMap((part) => (part.by === by && part.session === session ? [part.index] : []))
  }

  /** Parts a process sent, whether they arrived or not. */
  partsSent(by: string): number[] {
    return this.#written.filter((write) => write.by === by).map(({ index }) => index)
  }
}

/** What somebody else writes, whenever that happens, is told by its bytes. */
export const foreign = (size: number): Buffer => Buffer.alloc(size, 0x55)

const isForeign = (bytes: Buffer | undefined) =>
  bytes !== undefined && bytes.length > 0 && bytes.every((byte) => byte === 0x55)
