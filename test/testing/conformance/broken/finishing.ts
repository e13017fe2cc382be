import { TransferError } from '../../../../src/contract/errors'
import type { Digests } from '../../../../src/contract/source'
import { createDigester } from '../../../../src/integrity/digester'
import { type Broken, withSession, withSink, withSource } from './broken'

export const brokenFinishing: readonly Broken[] = [
  {
    name: 'takes any object for the one that was committed',
    store: (sound) =>
      withSink(sound, (sink) => ({
        reconcile: async () => ((await sink.stat!()) ? {} : undefined),
      })),
    caughtBy: 'an object of the same size that was there before is not taken for it',
    saying: /what was found of another object/,
  },
  {
    name: 'finds a committed object only while it remembers the commit',
    store: (sound) => withSink(sound, () => ({ reconcile: async () => undefined })),
    caughtBy: 'a commit whose reply was lost converges from another process',
    saying: /was not found/,
  },
  {
    name: 'ends a session by looking for its object',
    store: (sound) =>
      withSink(sound, (sink) => ({
        async reconcile(pending, object) {
          const found = await sink.reconcile!(pending, object)
          if (!found) await (await sink.resume!(pending.session!, object)).abort()
          return found
        },
      })),
    caughtBy: 'a session that was not committed has made nothing, and can still be committed',
    saying: /no upload|SESSION_LOST/,
  },
  {
    name: 'writes the object anew at every commit',
    store: (sound) =>
      withSession(sound, (session, key) => ({
        async commit(receipts, context) {
          const bytes = (await sound.sink(key).stat!()) && (await sound.source(key).open())
          const committed = await session.commit(receipts, context)
          if (!bytes) return committed
          const again = await sound.sink(key).begin({ attributes: {}, createOnly: false })
          const size = committed.size!
          const body = { size, open: async () => bytes }
          return again.commit([await again.writePart({ index: 0, start: 0, size }, body)])
        },
      })),
    caughtBy: 'a second commit gives the same answer and changes nothing',
    saying: /of the second answer/,
  },
  {
    name: 'commits parts that it does not have',
    store: (sound) =>
      withSession(sound, (session) => ({
        async commit(receipts, context) {
          const held = await session.listParts!(context)
          if (held.length === receipts.length) return session.commit(receipts, context)
          return { size: receipts.reduce((sum, { size }) => sum + size, 0) }
        },
      })),
    caughtBy: 'a part that was never stored cannot be committed',
    saying: /the commit resolved/,
  },
  {
    name: 'leaves parts behind when it is aborted',
    store: (sound) => withSession(sound, () => ({ abort: async () => {} })),
    caughtBy: 'an abort leaves no trace',
    saying: /half-written things were left behind/,
  },
  {
    name: 'fails at the second abort',
    store: (sound) =>
      withSession(sound, (session) => {
        let aborted = false
        return {
          async abort(context) {
            if (aborted) throw new TransferError('SESSION_LOST', 'It is aborted already.')
            aborted = true
            return session.abort(context)
          },
        }
      }),
    caughtBy: 'a session can be aborted twice',
    saying: /aborted already/,
  },
  {
    name: 'waits, when it is aborted, for the parts in flight',
    store: (sound) =>
      withSession(sound, (session) => {
        const flying = new Set<Promise<unknown>>()
        return {
          writePart(part, body, context) {
            const writing = session.writePart(part, body, context)
            flying.add(writing)
            return writing
          },
          async abort(context) {
            await Promise.allSettled(flying)
            return session.abort(context)
          },
        }
      }),
    caughtBy: 'an abort does not wait for a part in flight, which then leaves no trace',
    saying: /abort had not settled/,
  },
  {
    name: 'removes the object when it is aborted after its commit',
    store: (sound) =>
      withSession(sound, (session, key) => {
        let committed = false
        return {
          async commit(receipts, context) {
            committed = true
            return session.commit(receipts, context)
          },
          async abort(context) {
            const { version } = (committed && (await sound.sink(key).stat!())) || {}
            if (version !== undefined) await session.revoke!({ version })
            return session.abort(context)
          },
        }
      }),
    caughtBy: 'an abort after the commit changes nothing',
    saying: /There is no object/,
  },
  {
    name: 'revokes whatever is there',
    store: (sound) =>
      withSession(sound, (session, key) => ({
        async revoke() {
          const info = await sound.sink(key).stat!()
          if (info) await session.revoke!({ version: info.version })
        },
      })),
    caughtBy: 'a revoke leaves alone what was written since',
    saying: /There is no object/,
  },
  {
    name: 'puts bytes without looking at their digests',
    store: (sound) =>
      withSink(sound, (sink) => ({
        put(object, bytes, _digests, context) {
          const digester = createDigester(['crc64', 'md5'])
          digester.update(bytes)
          return sink.put!(object, bytes, digester.digest() as Required<Digests>, context)
        },
      })),
    caughtBy: 'a put whose bytes were damaged on the way is INTEGRITY, and nothing is visible',
    saying: /the put resolved/,
  },
  {
    name: 'forgets a part in its list',
    store: (sound) =>
      withSession(sound, (session) => ({
        listParts: async (context) => (await session.listParts!(context)).slice(1),
      })),
    caughtBy: 'the parts listed are those that were stored',
    saying: /deep/,
  },
  {
    name: 'resumes what is gone',
    store: (sound) =>
      withSink(sound, (sink) => ({
        resume: (state, object, context) =>
          sink.resume!(state, object, context).catch(() => sink.begin(object, context)),
      })),
    caughtBy: 'a session that is gone cannot be resumed',
    saying: /resume resolved/,
  },
  {
    name: 'keeps in its state what JSON does not',
    store: (sound) =>
      withSession(sound, (session) => ({
        state: { ...(session.state as object), begun: new Date() as never },
      })),
    caughtBy: 'the state of a session is JSON and holds no secret',
    saying: /deep/,
  },
  {
    name: 'lists in the order of UTF-16',
    store: (sound) => ({
      ...sound,
      async *list(prefix) {
        const infos = []
        for await (const info of sound.list(prefix)) infos.push(info)
        yield* infos.sort((a, b) => (a.key < b.key ? -1 : 1))
      },
    }),
    caughtBy: 'objects are listed in the order of the bytes of their keys',
    saying: /deep/,
  },
  {
    name: 'lists one page only',
    store: (sound) => ({
      ...sound,
      async *list(prefix) {
        let left = 20
        for await (const info of sound.list(prefix)) if (left-- > 0) yield info
      },
    }),
    adapter: { pageSize: 20 },
    caughtBy: 'a listing goes on after its first page',
    saying: /deep/,
  },
  {
    name: 'refuses a key, and does not say so beforehand',
    store: (sound) => {
      const refuse = (key: string) => {
        if (key.includes('#')) throw new TransferError('INVALID_KEY', 'No hashes, please.')
      }
      return {
        ...sound,
        source: (key, options) => refuse(key) ?? sound.source(key, options),
        sink: (key, options) => refuse(key) ?? sound.sink(key, options),
      }
    },
    caughtBy: 'a key with a hash is held as it is',
    saying: /which the adapter's 'keys' do not say/,
  },
  {
    name: 'leads ".." out of its folder',
    store: (sound) => ({
      ...sound,
      source: (key, options) => sound.source(key.replace(/[^/]+\/\.\.\//, ''), options),
      sink: (key, options) => sound.sink(key.replace(/[^/]+\/\.\.\//, ''), options),
    }),
    caughtBy: 'the key "a/../b" is refused, or held as it is',
    saying: /the key that stat gives/,
  },
  {
    name: 'takes a prefix for a folder',
    store: (sound) => ({
      ...sound,
      list: (prefix = '', options) =>
        sound.list(prefix === '' ? '' : `${prefix.replace(/\/$/, '')}/`, options),
    }),
    caughtBy: 'a prefix is the beginning of a key, not a folder',
    saying: /the keys that begin with a/,
  },
  {
    name: 'decodes keys',
    store: (sound) => ({
      ...sound,
      source: (key, options) => sound.source(decoded(key), options),
      sink: (key, options) => sound.sink(decoded(key), options),
    }),
    caughtBy: 'keys that look alike once they are encoded are different objects',
    saying: /they differ from byte/,
  },
  {
    name: 'closes without waiting for cleanup',
    store: (sound) => ({ ...sound, close: async () => {} }),
    caughtBy: 'close awaits the cleanup that was handed to a sink',
    saying: /deep/,
  },
  {
    name: 'does not say where an error happened',
    store: (sound) =>
      withSource(sound, (source) => ({
        stat: (context) =>
          source.stat(context).catch((error: TransferError) => {
            throw new TransferError(error.code, error.message)
          }),
      })),
    caughtBy: 'errors say where they happened',
    saying: /the location in the context/,
  },
  {
    name: 'rejects a promise that nobody awaits',
    store: (sound) =>
      withSource(sound, (source) => ({
        stat(context) {
          void Promise.reject(new Error('dropped'))
          return source.stat(context)
        },
      })),
    caughtBy: 'a stat tells key, size and version',
    saying: /nobody to handle it/,
  },
]

function decoded(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
