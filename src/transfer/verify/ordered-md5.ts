import { SegmentedMd5 } from '../../integrity/segmented-md5'

/** MD5s over parts that come one after another, each perhaps several times until it is accepted. */
export class OrderedMd5 {
  #accepted: readonly SegmentedMd5[]
  #next = 0
  #broken = false

  /** @param sizes bytes of the stretches whose MD5s are wanted, for each way of cutting the object */
  constructor(sizes: readonly number[]) {
    this.#accepted = sizes.map((size) => new SegmentedMd5(size))
  }

  /** For a new attempt at the next part. */
  start(): SegmentedMd5[] {
    return this.#accepted.map((md5) => md5.copy())
  }

  /** The attempt that counts. */
  accept(index: number, attempt: readonly SegmentedMd5[] | undefined): void {
    if (index !== this.#next || !attempt) this.#broken = true
    else this.#accepted = attempt
    this.#next += 1
  }

  /** For each way of cutting; undefined where a part came out of turn, or did not pass here. */
  digests(): string[][] | undefined {
    return this.#broken ? undefined : this.#accepted.map((md5) => md5.digests())
  }
}
