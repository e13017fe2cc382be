import { TransferError } from '../../contract/errors'
import type { ByteRange, Bytes, Context, ObjectInfo, Peek, Source } from '../../contract/source'
import type { SourceOptions } from '../../contract/store'
import { ofTask } from '../../lifecycle/task'
import { throwIfAborted } from './abort'
import type { ObjectApi } from './api'

/** An object of an object store, read through its port. */
export class ObjectSource implements Source {
  readonly location: string
  readonly key: string
  readonly api: ObjectApi
  /** The version the caller asked for, instead of the latest. */
  readonly version: string | undefined

  constructor(api: ObjectApi, key: string, options: SourceOptions = {}) {
    this.api = api
    this.key = key
    this.version = options.version
    this.location = `${api.name}/${key}`
  }

  async stat(context: Context = {}): Promise<ObjectInfo> {
    throwIfAborted(context.signal, this.location)
    try {
      return await this.api.head(this.key, this.#pinned(context))
    } catch (error) {
      throw context.version === undefined ? error : this.#gone(error, context.version)
    }
  }

  async open(range?: ByteRange, context: Context = {}): Promise<Bytes> {
    throwIfAborted(context.signal, this.location)
    if (range) this.#checkRange(range)
    const pinned = this.#pinned(context)
    try {
      if (range && range.start === range.end) {
        // HTTP has no empty range; the version is looked at all the same.
        await this.api.head(this.key, pinned)
        return nothing()
      }
      return ofTask(await this.api.get(this.key, range, pinned))
    } catch (error) {
      throw context.version === undefined ? error : this.#gone(error, context.version)
    }
  }

  async peek(limit: number, context: Context = {}): Promise<Peek> {
    throwIfAborted(context.signal, this.location)
    try {
      const peek = await this.api.peek(this.key, limit, this.#pinned(context))
      if (!peek) return { info: await this.stat(context) }
      const { info, bytes } = peek
      return bytes ? { info, bytes: ofTask(bytes) } : { info }
    } catch (error) {
      if (!TransferError.is(error) || error.code !== 'TRUNCATED') {
        throw context.version === undefined ? error : this.#gone(error, context.version)
      }
      // It is empty, or was.
      const info = await this.stat(context)
      return info.size === 0 ? { info, bytes: nothing() } : { info }
    }
  }

  async partSize(part: number, context: Context = {}): Promise<number | undefined> {
    throwIfAborted(context.signal, this.location)
    return this.api.partSize?.(this.key, part + 1, this.#pinned(context))
  }

  #pinned(context: Context): Context {
    return { ...context, version: context.version ?? this.version }
  }

  #checkRange({ start, end }: ByteRange): void {
    if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) return
    const message = `The range ${start} to ${end} of ${this.location} must be integers with 0 <= start <= end.`
    throw new TransferError('INVALID_OPTION', message, { context: { location: this.location, start, end } })
  }

  /** What was seen earlier and is missing now has changed. */
  #gone(error: unknown, version: string): unknown {
    if (!TransferError.is(error) || error.code !== 'NOT_FOUND') return error
    const message = `${this.location} is gone: version ${version} was there when the transfer began.`
    return new TransferError('SOURCE_CHANGED', message, { context: error.context, cause: error })
  }
}

async function* nothing(): Bytes & AsyncGenerator<Uint8Array> {}
