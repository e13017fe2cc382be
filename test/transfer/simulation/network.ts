import type { Clock } from './clock'
import { type Backend, noise } from './simulate'

export interface Network {
  /** Milliseconds of a round trip. */
  readonly latency: number
  /** Bytes per second of one connection, and of all together. */
  readonly perStream: number
  readonly total: number
  /** Share of requests that break somewhere on their way. */
  readonly errors?: number
  /** Requests served at once; one more is refused. */
  readonly bears?: number
}

/** Round trips of a part beside its bytes: the range is asked for, and the sink's answer awaited. */
export const roundTrips = 2
/** Milliseconds of CPU for the two requests of a part, as measured. */
export const requestCost = 1.85
/** How much connections differ from one another. */
const spread = 0.15

interface Stream {
  /** Where the common count of bytes must be for this one to end. */
  readonly end: number
  readonly finished: () => void
}

/** A line that its connections share in equal parts, each up to its own bound; nothing begins before a part's latency. */
export function network(settings: Network, random: () => number): Backend {
  const { latency, perStream, total, errors = 0, bears = Number.POSITIVE_INFINITY } = settings
  const streams: Stream[] = []
  /** Bytes that a stream has moved which was there from the beginning. */
  let passed = 0
  let since = 0
  let version = 0
  let served = 0
  const rate = () => Math.min(perStream, total / streams.length) / 1000

  /** Brings the count up to date, and asks to be woken when the next stream ends. */
  const proceed = (clock: Clock, change: () => void) => {
    if (streams.length > 0) passed += (clock.now - since) * rate()
    since = clock.now
    change()
    version += 1
    const [expected, next] = [version, first(streams)]
    if (!next) return
    clock.after(Math.max(0, next.end - passed) / rate(), () => {
      if (expected !== version) return
      proceed(clock, () => {
        streams.splice(streams.indexOf(next), 1)
        next.finished()
      })
    })
  }

  return {
    send(clock, bytes, done) {
      if (served >= bears) return clock.after(latency, () => done('throttled'))
      served += 1
      const breaks = random() < errors
      const moved = bytes * noise(random, spread) * (breaks ? random() : 1)
      clock.after(requestCost + roundTrips * latency, () => {
        proceed(clock, () => {
          const finished = () => {
            served -= 1
            clock.after(0, () => done(breaks ? 'failed' : undefined))
          }
          streams.push({ end: passed + moved, finished })
        })
      })
    },
  }
}

function first(streams: readonly Stream[]): Stream | undefined {
  let next = streams[0]
  for (const stream of streams) if (stream.end < next!.end) next = stream
  return next
}
