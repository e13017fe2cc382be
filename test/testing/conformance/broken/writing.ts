import type { Body, Part, PartReceipt } from '../../../../src/contract/sink'
import { type Broken, withSession, withSink } from './broken'

export const brokenWriting: readonly Broken[] = [
  {
    name: 'shows an object as soon as it is begun',
    store: (sound) =>
      withSink(sound, (sink) => ({
        async begin(object, context) {
          const early = await sink.begin({ attributes: {}, createOnly: false })
          await early.commit([])
          return sink.begin(object, context)
        },
      })),
    caughtBy: 'nothing is visible before the commit',
    saying: /which must be invisible resolved/,
  },
  {
    name: 'keeps borrowed chunks',
    store: (sound) =>
      withSession(sound, (session) => ({
        async writePart(part, body, context) {
          const kept: Uint8Array[] = []
          for await (const chunk of await body.open()) kept.push(chunk)
          return session.writePart(part, given(kept, body.size), context)
        },
      })),
    caughtBy: 'borrowed chunks are copied or written before the next is asked for',
    saying: /they differ from byte 0/,
  },
  {
    name: 'loses the last part',
    store: (sound) =>
      withSession(sizeless(sound), (session) => ({
        commit: (receipts, context) =>
          session.commit([...receipts].sort((a, b) => a.index - b.index).slice(0, -1), context),
      })),
    caughtBy: 'an object of two parts and one byte arrives as it was sent',
    saying: /the size of sized/,
  },
  {
    name: 'puts the parts together in the order of their arrival',
    store: (sound) =>
      withSession(sound, (session) => {
        const arrived: PartReceipt[] = []
        let next: Part = { index: 0, start: 0, size: 0 }
        return {
          async writePart({ index, size }, body, context) {
            next = { index: next.size && next.index + 1, start: next.start + next.size, size }
            const receipt = await session.writePart(next, body, context)
            arrived.push(receipt)
            return { ...receipt, index }
          },
          commit: (_receipts, context) => session.commit(arrived, context),
        }
      }),
    caughtBy: 'parts may come in any order',
    saying: /they differ from byte 0/,
  },
  {
    name: 'keeps the first content of a part that is written twice',
    store: (sound) =>
      withSession(sound, (session) => {
        const stored = new Map<number, PartReceipt>()
        return {
          async writePart(part, body, context) {
            const receipt = stored.get(part.index) ?? (await session.writePart(part, body, context))
            stored.set(part.index, receipt)
            return receipt
          },
        }
      }),
    caughtBy: 'a part written twice counts once, as it was the last time',
    saying: /they differ from byte 0/,
  },
  {
    name: 'takes a short body for the whole part',
    store: (sound) =>
      withSession(sizeless(sound), (session) => ({
        async writePart(part, body, context) {
          const chunks: Uint8Array[] = []
          for await (const chunk of await body.open()) chunks.push(new Uint8Array(chunk))
          const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
          return session.writePart({ ...part, size }, given(chunks, size), context)
        },
      })),
    caughtBy: 'a body shorter than stated is refused',
    saying: /the part resolved/,
  },
  {
    name: 'stops reading when it has the stated bytes',
    store: (sound) =>
      withSession(sound, (session) => ({
        writePart: (part, body, context) => session.writePart(part, atMost(body), context),
      })),
    caughtBy: 'a body longer than stated is refused',
    saying: /the part resolved/,
  },
  {
    name: 'gives up the whole session when one part fails',
    store: (sound) =>
      withSession(sound, (session) => ({
        writePart: (part, body, context) =>
          session.writePart(part, body, context).catch(async (error: unknown) => {
            await session.abort()
            throw error
          }),
      })),
    caughtBy: 'a body that throws fails its part with that error, and the part can be written again',
    saying: /has no upload/,
  },
  {
    name: 'hangs when its signal fires',
    store: (sound) =>
      withSession(sound, (session) => ({
        writePart: (part, body, context) => {
          context?.signal?.throwIfAborted()
          return session.writePart(part, body)
        },
      })),
    caughtBy: 'a part in flight is ended by its signal, lets go of its body, and can be written again',
    saying: /the part had not settled/,
  },
  {
    name: 'does not let go of the body of an aborted part',
    store: (sound) =>
      withSession(sound, (session) => ({
        writePart: (part, body, context) => session.writePart(part, unleavable(body), context),
      })),
    caughtBy: 'a part in flight is ended by its signal, lets go of its body, and can be written again',
    saying: /leaving the body had not settled/,
  },
  {
    name: 'attests every part with the same digest',
    store: (sound) =>
      withSession(sound, (session) => ({
        writePart: async (part, body, context) => ({
          ...(await session.writePart(part, body, context)),
          crc64: '0',
        }),
      })),
    caughtBy: 'a receipt says what was stored',
    saying: /the crc64 of part 0/,
  },
  {
    name: 'drops metadata',
    store: (sound) =>
      withSink(sound, (sink) => ({
        begin: (object, context) => {
          const { metadata: _, ...attributes } = object.attributes
          return sink.begin({ ...object, attributes }, context)
        },
      })),
    caughtBy: 'the declared attributes are carried by a session',
    saying: /metadata/,
  },
  {
    name: 'ignores create-only',
    store: (sound) =>
      withSink(sound, (sink) => ({
        begin: (object, context) => sink.begin({ ...object, createOnly: false }, context),
      })),
    caughtBy: 'a create-only session does not replace an existing object',
    saying: /begin or commit resolved/,
  },
  {
    name: 'looks for an existing object only at the beginning',
    store: (sound) =>
      withSink(sound, (sink) => ({
        async begin(object, context) {
          const existing = await sink.stat!()
          return sink.begin({ ...object, createOnly: object.createOnly && existing !== undefined }, context)
        },
      })),
    caughtBy: 'a create-only session does not replace an object that appeared meanwhile',
    saying: /the commit resolved/,
  },
]

/** The same store without its own check of the whole size, which would find some faults before the suite does. */
function sizeless(sound: Parameters<Broken['store']>[0]) {
  return withSink(sound, (sink) => ({
    begin: (object, context) => sink.begin({ ...object, size: undefined }, context),
  }))
}

function given(chunks: readonly Uint8Array[], size: number): Body {
  return {
    size,
    async open() {
      return (async function* () {
        yield* chunks
      })()
    },
  }
}

function atMost({ size, open }: Body): Body {
  return {
    size,
    async open() {
      const body = await open()
      return (async function* () {
        let left = size
        for await (const chunk of body) {
          yield chunk.subarray(0, left)
          left -= Math.min(left, chunk.length)
          if (left === 0) return
        }
      })()
    },
  }
}

function unleavable({ size, open }: Body): Body {
  return {
    size,
    async open() {
      const iterator = (await open())[Symbol.asyncIterator]()
      return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }
    },
  }
}
