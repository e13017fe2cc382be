interface Closable {
  destroy(): unknown
}

/**
 * The connections that one store holds, in use or idle, so that it can close them and no other: the pools are shared.
 * A connection belongs to whoever used it last.
 */
export class Holder {
  readonly #held = new Set<Closable>()
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  take(connection: Closable, from?: Holder): void {
    from?.release(connection)
    this.#held.add(connection)
  }

  release(connection: Closable): void {
    this.#held.delete(connection)
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#held) connection.destroy()
  }
}
