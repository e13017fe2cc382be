import { TransferError } from '../contract/errors'
import type { Context } from '../contract/source'

export interface Bounds {
  readonly location: string
  /** Milliseconds. */
  readonly patience: number
  readonly signal?: AbortSignal
}

/** Runs one call so that it settles: by itself, when the signal fires, or with TIMEOUT when patience is at an end. */
export async function bounded<T>(bounds: Bounds, work: (context: Context) => Promise<T>): Promise<T> {
  const watch = createWatch(bounds)
  try {
    return await watch.race(() => work({ signal: watch.signal }))
  } finally {
    watch.stop()
  }
}

/** The same for a listing: each entry is waited for anew. */
export async function* boundedEach<T>(
  bounds: Bounds,
  list: (context: Context) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const watch = createWatch(bounds)
  const entries = list({ signal: watch.signal })[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await watch.race(() => entries.next())
      if (next.done) return
      yield next.value
    }
  } finally {
    watch.stop()
    // Not awaited: a call that never settles would keep it from leaving.
    entries.return?.()?.then(undefined, () => {})
  }
}

function createWatch({ location, patience, signal }: Bounds) {
  const controller = new AbortController()
  const stop = () => {
    const { reason } = signal as AbortSignal
    const error = TransferError.is(reason)
      ? reason
      : new TransferError('ABORTED', `The signal ended the sweep of ${location}.`, {
          context: { location },
          cause: reason,
        })
    controller.abort(error)
  }
  if (signal?.aborted) stop()
  else signal?.addEventListener('abort', stop, { once: true })

  return {
    signal: controller.signal,

    race<T>(work: () => Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        const fail = () => reject(controller.signal.reason)
        if (controller.signal.aborted) return fail()
        controller.signal.addEventListener('abort', fail, { once: true })
        const timer = setTimeout(() => controller.abort(timeout(location, patience)), patience)
        work()
          .then(resolve, reject)
          .finally(() => {
            clearTimeout(timer)
            controller.signal.removeEventListener('abort', fail)
          })
      })
    },

    stop: () => signal?.removeEventListener('abort', stop),
  }
}

const timeout = (location: string, patience: number): TransferError =>
  new TransferError('TIMEOUT', `${location} gave no answer for ${patience} ms. Sweep again.`, {
    retry: 'temporary',
    context: { location, patience },
  })
