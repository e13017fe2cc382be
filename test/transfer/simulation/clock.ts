/** A clock in milliseconds that stands still until the next event. What falls on one moment keeps its order. */
export class Clock {
  now = 0
  readonly #events: { readonly at: number; readonly run: () => void }[] = []

  after(milliseconds: number, run: () => void): void {
    this.#events.push({ at: this.now + milliseconds, run })
  }

  /** Goes to the next event and runs it. There are few at a time: as many as parts in flight. */
  step(): void {
    let next = 0
    for (let index = 1; index < this.#events.length; index += 1) {
      if (this.#events[index]!.at < this.#events[next]!.at) next = index
    }
    const [event] = this.#events.splice(next, 1)
    this.now = event!.at
    event!.run()
  }
}
