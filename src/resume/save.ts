/** One call of the store. */
export class Save {
  /** The store has settled. Never rejects. */
  done: Promise<void> = Promise.resolve()
  /** Nobody waits any more: it is done, or late, or the writer has ended. */
  readonly released: Promise<void>
  release: () => void = () => {}
  /** Reported as such; it may still land. */
  late = false
  limit: NodeJS.Timeout | undefined

  constructor() {
    this.released = new Promise((resolve) => {
      this.release = resolve
    })
  }
}
