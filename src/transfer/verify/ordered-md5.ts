import { createHash } from 'node:crypto'

/** An MD5 over parts that come one after another, each perhaps several times until it is accepted. */
export class OrderedMd5 {
  #accepted = createHash('md5')
  #attempt = this.#accepted.copy()

  /** A new attempt at the next part. */
  start(): void {
    this.#attempt = this.#accepted.copy()
  }

  update(chunk: Uint8Array): void {
    this.#attempt.update(chunk)
  }

  accept(): void {
    this.#accepted = this.#attempt
    this.#attempt = this.#accepted.copy()
  }

  digest(): string {
    return this.#accepted.copy().digest('hex')
  }
}
