import type { Body, Sink, WriteSession } from '../../../src/contract/sink'
import type { Bytes, Context } from '../../../src/contract/source'
import { damaged } from './damaged'
import type { Seen } from './model-source'
import type { ModelProcess } from './process'
import type { World } from './world'

/** A sink whose calls go wrong as the process's faults say, and which notes what the process did to the destination. */
export function flakySink(process: ModelProcess, sink: Sink, world: World, seen: Seen): Sink {
  const { destination, journal } = world
  const shielded = (context: Context = {}) => ({ ...context, signal: process.shield(context.signal) })
  const held = (real: WriteSession) => {
    journal.hold(process.name, destination.sessionOf(real.state))
    return flakySession(process, real, world, seen)
  }
  return {
    location: sink.location,
    capabilities: sink.capabilities,
    ...(sink.attributes && { attributes: sink.attributes }),
    defer: (cleanup) => {
      process.cleanups.push(cleanup)
      sink.defer?.(cleanup)
    },
    ...(sink.stat && {
      stat: (context) => process.call('look', context?.signal, () => sink.stat!(shielded(context))),
    }),
    ...(sink.put && {
      put: (object, bytes, digests, context) =>
        process.call('put', context?.signal, () => {
          requireLook(process, world, seen)
          return journal.watch(process.name, () => sink.put!(object, bytes, digests, shielded(context)))
        }),
    }),
    begin: async (object, context) => {
      let begun: WriteSession | undefined
      const begin = async () => {
        begun = await sink.begin(object, shielded(context))
        return begun
      }
      try {
        return held(await process.call('begin', context?.signal, begin))
      } catch (error) {
        // As the adapters do: a session whose name never arrived is found by listing, and aborted.
        await begun?.abort()
        throw error
      }
    },
    ...(sink.resume && {
      resume: async (state, object, context) =>
        held(
          await process.call('resume', context?.signal, () => sink.resume!(state, object, shielded(context))),
        ),
    }),
    ...(sink.discard && {
      discard: (state, context) =>
        process.call('discard', context?.signal, () => sink.discard!(state, shielded(context))),
    }),
    ...(sink.reconcile && {
      reconcile: (pending, object, context) =>
        process.call('reconcile', context?.signal, () => sink.reconcile!(pending, object, shielded(context))),
    }),
  }
}

function flakySession(process: ModelProcess, real: WriteSession, world: World, seen: Seen): WriteSession {
  const { destination, journal } = world
  const id = destination.sessionOf(real.state)
  const shielded = (context: Context = {}) => ({ ...context, signal: process.shield(context.signal) })
  return {
    state: real.state,
    writePart: async (part, body, context) => {
      const fault = process.faults.take('body')
      const receipt = await process.call('writePart', context?.signal, () => {
        journal.wrote(process.name, part.index)
        return real.writePart(part, flakyBody(process, body, fault), shielded(context))
      })
      journal.accepted(process.name, id, part.index)
      return receipt
    },
    ...(real.listParts && {
      listParts: (context) =>
        process.call('listParts', context?.signal, () => real.listParts!(shielded(context))),
    }),
    commit: (receipts, context) =>
      process.call('commit', context?.signal, () => {
        requireLook(process, world, seen)
        return journal.watch(process.name, () => real.commit(receipts, shielded(context)))
      }),
    ...(real.revoke && {
      revoke: (committed, context) =>
        journal.watch(process.name, () => real.revoke!(committed, shielded(context))),
    }),
    ...(real.release && { release: (context) => real.release!(shielded(context)) }),
    abort: (context) =>
      process.call('abort', context?.signal, () => {
        requireOwnership(process, world, id)
        return real.abort(shielded(context))
      }),
  }
}

/** Parts are proven by the version they were read from; that they are all of the one still there, only by a last look. */
function requireLook(process: ModelProcess, world: World, seen: Seen): void {
  if (!seen.openedSince) return
  world.complain(`${process.name} commits without having looked whether the source has changed`)
}

/**
 * Whoever has had the time to learn that another run has taken up the session leaves it alone. One that fell asleep
 * between its look and the abort cannot know.
 */
function requireOwnership(process: ModelProcess, world: World, session: string): void {
  const { decoded, takenOver } = world.checkpoints
  if (!decoded || !process.owner || decoded.owner === process.owner) return
  if (world.destination.sessionOf(decoded.session) !== session || process.faults.hitAny('load', 'loaded'))
    return
  const looked = process.lastBegan('load') > takenOver
  if (looked || process.lastBegan('save', 'writePart', 'open', 'commit', 'stat') > takenOver) {
    world.complain(`${process.name} aborts ${session}, which another run has taken up`)
  }
}

/** The bytes on their way: each chunk is a point at which the process may stop. */
function flakyBody(process: ModelProcess, body: Body, fault: string | undefined): Body {
  async function* pass(bytes: Bytes): Bytes {
    let first = true
    for await (const chunk of bytes) {
      await process.pass()
      yield fault === 'damaged' && first ? damaged(Buffer.from(chunk)) : chunk
      if (fault === 'cut') throw Object.assign(new Error('The request was reset.'), { code: 'ECONNRESET' })
      first = false
    }
  }
  return { size: body.size, open: async () => pass(await body.open()) }
}
