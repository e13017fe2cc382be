/** Blocks of one size for the parts of one session: as many as parts are written at once, used again and again. */
export class BlockPool {
  readonly #free: Uint8Array[] = []

  constructor(readonly blockSize: number) {}

  take(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.blockSize)
  }

  /** Only when no write is reading the block any more. */
  give(block: Uint8Array): void {
    this.#free.push(block)
  }
}
