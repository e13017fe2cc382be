import type { Progress } from '../contract/events'
import { tell } from './tell'

/** Milliseconds between two reports. */
const interval = 100
/** Milliseconds over which speed is measured. */
const speedWindow = 5000

/** The bytes of one part on their way; what a failed attempt moved is taken back. */
export interface PartProgress {
  add(bytes: number): void
  rewind(): void
}

/** Counts bytes and tells the caller; the number told never falls, though a retried part starts again. */
export class ProgressMeter {
  #moved = 0
  #told = 0
  #parts = 0
  #size: number | undefined
  #lastTold = 0
  readonly #tell: ((progress: Progress) => void) | undefined
  readonly #samples: { time: number; bytes: number }[] = []

  constructor(tell: ((progress: Progress) => void) | undefined, size?: number) {
    this.#tell = tell
    this.#size = size
  }

  /** Bytes of all attempts that still count. */
  get moved(): number {
    return this.#moved
  }

  set size(size: number | undefined) {
    this.#size = size
  }

  part(): PartProgress {
    let inPart = 0
    return {
      add: (bytes) => {
        inPart += bytes
        this.#moved += bytes
        this.#report(false)
      },
      rewind: () => {
        this.#moved -= inPart
        inPart = 0
      },
    }
  }

  /** Parts an earlier run has moved: they count, but say nothing of the speed. */
  resumed(bytes: number, parts: number): void {
    this.#moved += bytes
    this.#told = Math.max(this.#told, this.#moved)
    this.#parts += parts
    this.#report(false)
  }

  /** The sink has accepted one more part. */
  accepted(): void {
    this.#parts += 1
    this.#report(false)
  }

  finish(): void {
    this.#report(true)
  }

  #report(last: boolean): void {
    const now = performance.now()
    if (!this.#tell || (!last && now - this.#lastTold < interval)) return
    this.#lastTold = now
    this.#told = Math.max(this.#told, this.#moved)
    const bytesPerSecond = this.#speed(now)
    const left = this.#size === undefined ? undefined : this.#size - this.#told
    const secondsLeft = left !== undefined && bytesPerSecond > 0 ? left / bytesPerSecond : undefined
    const progress: Progress = {
      bytes: this.#told,
      ...(this.#size !== undefined && { size: this.#size }),
      bytesPerSecond,
      ...(secondsLeft !== undefined && { secondsLeft }),
      parts: this.#parts,
    }
    tell(this.#tell, progress)
  }

  #speed(now: number): number {
    this.#samples.push({ time: now, bytes: this.#told })
    while (this.#samples.length > 2 && now - this.#samples[0]!.time > speedWindow) this.#samples.shift()
    const first = this.#samples[0]!
    const seconds = (now - first.time) / 1000
    return seconds > 0 ? (this.#told - first.bytes) / seconds : 0
  }
}
