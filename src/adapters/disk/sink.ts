import { errno } from '../../contract/errno'
import { TransferError } from '../../contract/errors'
import type { Json, NewObject, Sink, SinkCapabilities, WriteSession } from '../../contract/sink'
import type { Context, ObjectInfo } from '../../contract/source'
import type { SinkOptions } from '../../contract/store'
import { fileError, throwIfAborted } from './errors'
import { inheritFolders, madeAbove } from './folders'
import { Journal } from './journal'
import { statFile } from './open-file'
import { requireLinks, requireSpace } from './preflight'
import { reconcile } from './reconcile'
import { FileSession } from './session'
import { parseAnyState, parseState, stateOf } from './session-state'
import { createStagedFile, discardStagedFile } from './staged-file'
import { infoOf } from './stats'
import { StoredParts } from './stored-parts'
import { takeOver } from './take-over'
import { locationOf, type Volume } from './volume'

/** No attributes: a plain file has no place for them that every file system and every reader knows. */
const capabilities: SinkCapabilities = { minPartSize: 1, createOnly: 'enforced' }

/** The file that a normalized key names. */
export function fileSink(volume: Volume, key: string, options?: SinkOptions): Sink {
  const location = locationOf(volume, key)
  const fail = (operation: string) => (error: unknown) =>
    fileError(error, { side: 'sink', location, operation })

  return {
    location,
    capabilities,
    attributes: options,

    async stat({ signal }: Context = {}): Promise<ObjectInfo | undefined> {
      throwIfAborted(signal, location)
      try {
        return infoOf(key, await statFile(volume, key, 'SINK_FAILED'))
      } catch (error) {
        const code = TransferError.is(error) ? error.code : errno(error)
        if (code === 'NOT_FOUND' || code === 'ENOENT' || code === 'ENOTDIR') return undefined
        throw fail('look at')(error)
      }
    },

    async begin(object: NewObject, { signal }: Context = {}): Promise<WriteSession> {
      throwIfAborted(signal, location)
      try {
        const staged = await createStagedFile(volume, key, location)
        try {
          if (object.size !== undefined) await requireSpace(volume, staged.folder, object.size, location)
          if (object.createOnly) await requireLinks(volume, staged, location)
          throwIfAborted(signal, location)
        } catch (error) {
          await discardStagedFile(volume, staged)
          throw error
        }
        const madeFolders = madeAbove(volume, staged.folder)
        const journal = new Journal(volume, staged.path)
        return new FileSession(volume, {
          location,
          staged,
          object,
          state: stateOf(key, staged, madeFolders.length),
          journal,
          parts: new StoredParts(journal),
          madeFolders,
        })
      } catch (error) {
        throw fail('begin to write')(error)
      }
    },

    /**
     * Goes on with a staged file, whoever held it: an earlier holder that still lives can neither commit nor remove
     * it any more, and its parts fail with SESSION_LOST. Takes 0.2 s, in which it stops writing.
     */
    async resume(saved: Json, object: NewObject, context: Context = {}): Promise<WriteSession> {
      throwIfAborted(context.signal, location)
      try {
        const { session, published } = await takeUp(volume, key, location, saved, object, context)
        if (!published) return session
        await session.release()
        throw sessionLost(location)
      } catch (error) {
        throw fail('go on writing')(error)
      }
    },

    async discard(saved: Json, context: Context = {}): Promise<void> {
      throwIfAborted(context.signal, location)
      const { state } = parseAnyState(saved, location)
      const object = { attributes: {}, createOnly: false }
      try {
        const { session } = await takeUp(volume, state.key, location, saved, object, context)
        await session.abort()
      } catch (error) {
        const failure = fail('discard what was written of')(error)
        if (failure.code !== 'SESSION_LOST') throw failure
      }
    },

    async reconcile(pending, _object, context: Context = {}) {
      throwIfAborted(context.signal, location)
      try {
        return await reconcile(volume, key, location, pending, context)
      } catch (error) {
        throw fail('look at')(error)
      }
    },

    defer(cleanup) {
      const settled = cleanup.then(
        () => {},
        () => {},
      )
      volume.cleanups.add(settled)
      settled.then(() => volume.cleanups.delete(settled))
    },
  }
}

interface TakenUp {
  readonly session: FileSession
  /** It was committed; all that is left to do is to tidy up. */
  readonly published: boolean
}

async function takeUp(
  volume: Volume,
  key: string,
  location: string,
  saved: Json,
  object: NewObject,
  { signal }: Context,
): Promise<TakenUp> {
  const parsed = parseState(saved, key, location)
  const { state } = parsed
  const { staged, published } = await takeOver(volume, parsed, object, location, signal)
  try {
    const journal = new Journal(volume, staged.path)
    const known = await journal.read()
    if (object.size !== undefined && !published) {
      const stored = [...(known?.values() ?? [])].reduce((sum, part) => sum + part.size, 0)
      await requireSpace(volume, staged.folder, object.size - stored, location)
    }
    const madeFolders = await inheritFolders(volume, staged.folder, state.madeFolders)
    const parts = new StoredParts(journal, known)
    const options = { location, staged, object, state, journal, parts, madeFolders, published }
    return { session: new FileSession(volume, options), published }
  } catch (error) {
    await staged.handle.close().catch(() => {})
    throw error
  }
}

const sessionLost = (location: string): TransferError =>
  new TransferError(
    'SESSION_LOST',
    `The write session of ${location} was committed and has ended. Begin a new one.`,
    { context: { location } },
  )
