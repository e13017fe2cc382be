import { TransferError } from '../../contract/errors'
import type { NewObject, Sink, SinkCapabilities, WriteSession } from '../../contract/sink'
import type { Context, ObjectInfo } from '../../contract/source'
import type { SinkOptions } from '../../contract/store'
import { errno, fileError, throwIfAborted } from './errors'
import { statFile } from './open-file'
import { requireLinks, requireSpace } from './preflight'
import { FileSession } from './session'
import { createStagedFile, discardStagedFile } from './staged-file'
import { infoOf } from './stats'
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
        return new FileSession(volume, key, staged, object)
      } catch (error) {
        throw fail('begin to write')(error)
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
