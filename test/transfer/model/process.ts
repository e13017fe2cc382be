import { seeded } from '../../support/seeded'
import { type CallName, type Fault, Faults, lostReply, refusal } from './faults'

let ticks = 0
/** Numbers that only grow, over all processes. */
export const tick = (): number => ++ticks

export const never = () => new Promise<never>(() => {})

/**
 * One process that runs transfers. Every call of an adapter, and every chunk, passes points at which the process can
 * be killed or frozen: from then on nothing it does has any effect, and nothing it waits for ever comes.
 */
export class ModelProcess {
  readonly faults: Faults
  /** Fires when the process is killed or frozen: nobody waits for it any more. */
  readonly stopped: Promise<'dead' | 'frozen'>
  /** Of the checkpoints it saves. */
  owner: string | undefined
  readonly #began = new Map<CallName, number>()
  /** What goes on after the transfer has settled. */
  readonly cleanups: Promise<void>[] = []
  state: 'running' | 'frozen' | 'dead' = 'running'
  #points = 0
  #events: ReadonlyMap<number, readonly (() => void)[]>
  readonly #random: () => number
  #stop: (how: 'dead' | 'frozen') => void = () => {}
  #thawed: Promise<void> | undefined
  #thaw: () => void = () => {}

  constructor(
    readonly name: string,
    readonly trace: (line: string) => void,
    seed: number,
    faults: readonly Fault[],
    /** What happens when that many points have been passed. */
    events: ReadonlyMap<number, readonly (() => void)[]>,
  ) {
    this.faults = new Faults(faults)
    this.#events = events
    this.#random = seeded(seed)
    this.stopped = new Promise((resolve) => {
      this.#stop = resolve
    })
  }

  /** From now on nothing happens to it. */
  heal(): void {
    this.faults.end()
    this.#events = new Map()
  }

  kill(): void {
    this.state = 'dead'
    this.trace(`${this.name} is killed`)
    this.#stop('dead')
  }

  freeze(): void {
    if (this.state !== 'running') return
    this.state = 'frozen'
    this.trace(`${this.name} freezes`)
    this.#thawed = new Promise((resolve) => {
      this.#thaw = resolve
    })
    this.#stop('frozen')
  }

  thaw(): void {
    if (this.state !== 'frozen') return
    this.state = 'running'
    this.trace(`${this.name} wakes up`)
    this.#thaw()
  }

  /** A point at which the process can stop. @throws the signal's reason: a frozen call that wakes up late does nothing */
  async pass(signal?: AbortSignal): Promise<void> {
    if (this.state === 'running') {
      this.#points += 1
      for (const event of this.#events.get(this.#points) ?? []) event()
    }
    if (this.state === 'frozen') await this.#thawed
    if (this.state === 'dead') await never()
    signal?.throwIfAborted()
  }

  /** When one of these calls last went out; the later, the higher. */
  lastBegan(...calls: CallName[]): number {
    return Math.max(...calls.map((call) => this.#began.get(call) ?? 0))
  }

  /** A signal that a dead process does not hear. */
  shield(signal: AbortSignal | undefined): AbortSignal | undefined {
    if (!signal) return undefined
    const controller = new AbortController()
    const stop = () => {
      if (this.state === 'running') controller.abort(signal.reason)
      else if (this.state === 'frozen') void this.#thawed?.then(stop)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    return controller.signal
  }

  /** One call of an adapter: it takes a while, and may go wrong before or after the work. */
  async call<T>(name: CallName, given: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const signal = this.shield(given)
    const fault = this.faults.take(name)
    await this.#latency(signal)
    await this.pass(signal)
    this.#began.set(name, tick())
    if (fault) this.trace(`${this.name} ${name}: ${fault}`)
    const refused = fault && refusal(name, fault)
    if (refused) throw refused
    if (fault === 'deaf') await never()
    if (fault === 'silent') await aborted(signal)
    const result = await work()
    await this.pass()
    this.trace(`${this.name} ${name}`)
    if (fault === 'lost') throw lostReply(name)
    await this.#latency(signal)
    return result
  }

  async #latency(signal: AbortSignal | undefined): Promise<void> {
    const milliseconds = Math.floor(this.#random() * 4)
    if (milliseconds === 0) return
    let timer: NodeJS.Timeout | undefined
    try {
      const wait = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, milliseconds)
      })
      await (signal ? Promise.race([wait, aborted(signal)]) : wait)
    } finally {
      clearTimeout(timer)
    }
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
