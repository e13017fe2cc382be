import type { ObjectInfo } from '../../../../src/contract/source'
import { type Broken, withSource } from './broken'

const pool = { size: 50 }

export const brokenReading: readonly Broken[] = [
  {
    name: 'peeks at the first bytes of a large object as if they were all',
    store: (sound) =>
      withSource(sound, (source) => ({
        async peek(limit, context) {
          const info = await source.stat(context)
          const bytes = await source.open({ start: 0, end: Math.min(limit, info.size!) }, context)
          return { info, bytes }
        },
      })),
    caughtBy: 'a peek gives no bytes of an object above the limit',
    saying: /bytes of an object of 1001, with a limit of 1/,
  },
  {
    name: 'peeks at the latest version, whichever is wanted',
    store: (sound) =>
      withSource(sound, (source) => ({
        peek: (limit, { version: _, ...context } = {}) => source.peek!(limit, context),
      })),
    caughtBy: 'a peek is of the version it is pinned to, or SOURCE_CHANGED',
    saying: /the peek resolved; expected SOURCE_CHANGED/,
  },
  {
    name: 'ends a body one byte early, without an error',
    store: (sound) =>
      withSource(sound, (source) => ({
        async open(range, context) {
          const { start, end } = range ?? { start: 0, end: (await source.stat()).size! }
          return source.open({ start, end: Math.max(start, end - 1) }, context)
        },
      })),
    caughtBy: 'an object of exactly one part arrives as it was sent',
    saying: /65535 bytes where 65536 were expected/,
  },
  {
    name: 'ignores the end of a range',
    store: (sound) =>
      withSource(sound, (source) => ({
        async open(range, context) {
          const { size } = await source.stat()
          return source.open(range && { start: range.start, end: size! }, context)
        },
      })),
    caughtBy: 'a range gives exactly its bytes',
    saying: /bytes 0 to 1: \d+ bytes where 1 were expected/,
  },
  {
    name: 'cuts a range that goes past the end',
    store: (sound) =>
      withSource(sound, (source) => ({
        async open(range, context) {
          const { size } = await source.stat()
          const cut = (at: number) => Math.min(at, size!)
          return source.open(range && { start: cut(range.start), end: cut(range.end) }, context)
        },
      })),
    caughtBy: 'a range past the end is an error, never a truncated body',
    saying: /resolved; expected an error/,
  },
  {
    name: 'reads an empty range as the whole, as HTTP would',
    store: (sound) =>
      withSource(sound, (source) => ({
        open: (range, context) => source.open(range?.start === range?.end ? undefined : range, context),
      })),
    caughtBy: 'an empty range gives no bytes',
    saying: /bytes 0 to 0/,
  },
  {
    name: 'remembers what it once found there',
    store: (sound) => {
      const remembered = new Map<string, ObjectInfo>()
      return withSource(sound, (source, key) => ({
        async stat(context) {
          const info = remembered.get(key) ?? (await source.stat(context))
          remembered.set(key, info)
          return info
        },
      }))
    },
    caughtBy: 'the version stays until the bytes change',
    saying: /other bytes have the same version/,
  },
  {
    name: 'opens the latest version, whichever is wanted',
    store: (sound) =>
      withSource(sound, (source) => ({
        open: (range, context) => source.open(range, { ...context, version: undefined }),
      })),
    caughtBy: 'a replaced version is SOURCE_CHANGED',
    saying: /they differ from byte 0/,
  },
  {
    name: 'goes on with the new bytes when the object is replaced',
    store: (sound) =>
      withSource(sound, (source) => ({
        async open(range, context) {
          const { size } = await source.stat()
          await source.open(range, context)
          const { start, end } = range ?? { start: 0, end: size! }
          return (async function* () {
            const half = (start + end) >> 1
            yield* await source.open({ start, end: half })
            yield* await source.open({ start: half, end })
          })()
        },
      })),
    caughtBy: 'a body whose object is replaced meanwhile never mixes the two',
    saying: /they differ from byte/,
  },
  {
    name: 'shares one buffer among all bodies',
    store: (sound) => {
      const shared = new Uint8Array(64 * 1024)
      return withSource(sound, (source) => ({
        async open(range, context) {
          const body = await source.open(range, context)
          return (async function* () {
            for await (const chunk of body) {
              shared.set(chunk)
              yield shared.subarray(0, chunk.length)
            }
          })()
        },
      }))
    },
    caughtBy: 'two bodies read in turn do not disturb each other',
    saying: /they differ from byte/,
  },
  {
    name: 'frees only bodies that were read to their end',
    store: (sound) => {
      let free = pool.size
      return withSource(sound, (source) => ({
        async open(range, context) {
          if (free === 0) return new Promise(() => {})
          free--
          const body = await source.open(range, context)
          return (async function* () {
            for await (const chunk of body) yield chunk
            free++
          })()
        },
      }))
    },
    caughtBy: 'bodies left early give back what they hold',
    saying: /open number 50 had not settled/,
  },
  {
    name: 'frees a body that was never read only at its end',
    store: (sound) => {
      let free = pool.size
      return withSource(sound, (source) => ({
        async open(range, context) {
          if (free === 0) return new Promise(() => {})
          free--
          const body = await source.open(range, context)
          return (async function* () {
            try {
              yield* body
            } finally {
              free++
            }
          })()
        },
      }))
    },
    caughtBy: 'a body that nobody reads is freed by its signal',
    saying: /open number 50 had not settled/,
  },
  {
    name: 'forgets the signal once a body is open',
    store: (sound) =>
      withSource(sound, (source) => ({
        open: (range, context) => {
          context?.signal?.throwIfAborted()
          return source.open(range, { ...context, signal: undefined })
        },
      })),
    caughtBy: 'a body is cut off by its signal, and says so',
    saying: /the rest of the body resolved/,
  },
  {
    name: 'ends an aborted body as if it were complete',
    store: (sound) =>
      withSource(sound, (source) => ({
        async open(range, context) {
          const body = await source.open(range, { ...context, signal: undefined })
          return (async function* () {
            for await (const chunk of body) {
              if (context?.signal?.aborted) return
              yield chunk
            }
          })()
        },
      })),
    caughtBy: 'a body is cut off by its signal, and says so',
    saying: /the rest of the body resolved/,
  },
  {
    name: 'throws plain errors',
    store: (sound) =>
      withSource(sound, (source) => ({
        stat: (context) =>
          source.stat(context).catch((error: Error) => {
            throw Object.assign(new Error(error.message), { code: 'NOT_FOUND', retry: 'permanent' })
          }),
      })),
    caughtBy: 'a missing object is NOT_FOUND',
    saying: /is no TransferError/,
  },
]
