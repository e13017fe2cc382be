import { setMaxListeners } from 'node:events'
import { TransferError } from '../../contract/errors'
import type { Sink, WriteSession } from '../../contract/sink'
import type { Context } from '../../contract/source'
import { childSignal } from '../../transfer/attempts/child-signal'

export interface Fence {
  /** Rejects where nothing may be made visible any more. */
  confirm(): Promise<void>
  /** Ends the parts in flight at once, where an abort of the transfer would give them time. */
  readonly cut: AbortSignal
}

/**
 * The same sink behind a fence: each request that makes the object visible waits for `confirm` right before it is sent,
 * retries included. A process that was frozen may thaw at any point of the walk, and this is the last one.
 */
export function fencedSink(sink: Sink, fence: Fence): Sink {
  const { put, resume } = sink
  // As many as parts are in flight listen: more than ten are no leak.
  setMaxListeners(0, fence.cut)
  return instead(sink, {
    ...(put && {
      async put(...args) {
        await fence.confirm()
        return put.apply(sink, args)
      },
    }),
    ...(resume && {
      resume: async (...args) => fencedSession(await resume.apply(sink, args), fence),
    }),
    begin: async (...args) => fencedSession(await sink.begin(...args), fence),
  })
}

function fencedSession(session: WriteSession, fence: Fence): WriteSession {
  const { copyPart } = session
  return instead(session, {
    writePart: (part, body, context) =>
      uncut(fence, context, (cuttable) => session.writePart(part, body, cuttable)),
    ...(copyPart && {
      copyPart: (part, source, context) =>
        uncut(fence, context, (cuttable) => copyPart.call(session, part, source, cuttable)),
    }),
    async commit(...args) {
      await fence.confirm()
      return session.commit(...args)
    },
  })
}

async function uncut<T>(
  { cut }: Fence,
  context: Context | undefined,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const either = childSignal(cut, context?.signal)
  try {
    return await work({ ...context, signal: either.signal })
  } catch (error) {
    if (!cut.aborted) throw error
    throw new TransferError('ABORTED', 'The part was cut off: its job is no longer to be done.', {
      cause: error,
    })
  } finally {
    either.end()
  }
}

/** An object with some methods of its own. Those of the original keep their `this`, for classes with private fields. */
function instead<T extends object>(original: T, own: Partial<T>): T {
  return new Proxy({} as T, {
    get(_, name) {
      if (name in own) return own[name as keyof T]
      const value = Reflect.get(original, name) as unknown
      return typeof value === 'function' ? value.bind(original) : value
    },
    has: (_, name) => name in original,
  })
}
