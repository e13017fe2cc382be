import { TransferError } from '../../contract/errors'
import type { Committed, NewObject } from '../../contract/sink'
import type { Context, Digests, ObjectAttributes, ObjectInfo } from '../../contract/source'
import { unless } from '../../contract/unless'
import { sameEtag } from '../../integrity/etag'
import type { ObjectApi } from './api'
import type { DamagedObjects } from './damaged-objects'
import { compare, type Expected, isAmbiguous, settled } from './lost-replies'

/**
 * Writes whole objects in one request each, for one key. The request carries the MD5, so a damaged body is refused;
 * what the reply says of the stored bytes is compared all the same.
 */
export class PutObject {
  readonly #api: ObjectApi
  readonly #key: string
  readonly #location: string
  readonly #damaged: DamagedObjects
  /** Digests of puts whose replies were lost: an object with one of them is our own, not in the way. */
  readonly #uncertain = new Set<string>()

  constructor(api: ObjectApi, key: string, location: string, damaged: DamagedObjects) {
    this.#api = api
    this.#key = key
    this.#location = location
    this.#damaged = damaged
  }

  async write(
    object: NewObject,
    bytes: Uint8Array,
    digests: Required<Digests>,
    context: Context,
  ): Promise<Committed> {
    const expected = expectedPut(bytes.byteLength, digests, object.attributes)
    if (object.createOnly) {
      const ours = await this.#refuseExisting(expected, context)
      if (ours) return ours
    }
    const sent = await this.#send(object, bytes, expected, context)
    const committed = await this.#checked(sent, expected, context)
    this.#uncertain.clear()
    const verified = committed.md5 === undefined ? [] : ['object-etag']
    return { ...committed, size: committed.size ?? expected.size, verified: committed.verified ?? verified }
  }

  async #send(
    object: NewObject,
    bytes: Uint8Array,
    expected: Expected,
    context: Context,
  ): Promise<Committed> {
    try {
      return await this.#api.put(this.#key, object, bytes, String(expected.etag), context)
    } catch (error) {
      if (!isAmbiguous(error)) throw error
      this.#uncertain.add(nameOf(expected))
      const found = await this.#look(context)
      if (found === 'nothing learnt') throw error
      const verdict = found ? compare(found, expected) : 'different'
      if (found && verdict === 'same') return fromInfo(found)
      throw verdict === 'different' ? settled(error) : error
    }
  }

  /** Throws ALREADY_EXISTS where another's object stands there; gives ours, if an earlier put did arrive. */
  async #refuseExisting(expected: Expected, context: Context): Promise<Committed | undefined> {
    const info = await unless('NOT_FOUND', this.#api.head(this.#key, context))
    if (!info) return undefined
    const ours = this.#uncertain.has(nameOf(expected)) && compare(info, expected) === 'same'
    if (!ours) throw alreadyExists(this.#location)
    return fromInfo(info)
  }

  /** What stands there, as the answer has it or, where that is wrong, as the object itself shows. */
  async #checked(committed: Committed, expected: Expected, context: Context): Promise<Committed> {
    const md5Differs = committed.md5 !== undefined && committed.md5 !== expected.etag
    const crcDiffers = committed.crc64 !== undefined && committed.crc64 !== expected.crc64
    if (!md5Differs && !crcDiffers) return committed
    // Only what this put stored is taken back; where the reply alone was wrong, the object stays.
    const found = await this.#look(context)
    const info = found === 'nothing learnt' ? undefined : found
    if (info && compare(info, expected) === 'same') return fromInfo(info)
    const ours = info !== undefined && sameEtag(info.etag, committed.etag)
    const removed = ours && (await this.#remove(committed.version, context))
    const done = ours ? 'has been taken back' : 'is no longer there'
    const integrity = new TransferError(
      'INTEGRITY',
      `${this.#location} was stored with other bytes than were sent; it ${done}.`,
      {
        retry: 'temporary',
        context: {
          location: this.#location,
          expected: expected.etag,
          stored: committed.md5 ?? committed.crc64,
        },
      },
    )
    const isGone = found !== 'nothing learnt' && (!ours || removed)
    throw isGone ? integrity : this.#damaged.add(committed, integrity)
  }

  async #remove(version: string | undefined, context: Context): Promise<boolean> {
    try {
      await this.#api.remove(this.#key, version, context)
      return true
    } catch {
      return false
    }
  }

  async #look(context: Context): Promise<ObjectInfo | undefined | 'nothing learnt'> {
    try {
      return await unless('NOT_FOUND', this.#api.head(this.#key, context))
    } catch {
      return 'nothing learnt'
    }
  }
}

export function expectedPut(size: number, digests: Digests, attributes: ObjectAttributes): Expected {
  return { size, etag: digests.md5, crc64: digests.crc64, attributes }
}

const nameOf = (expected: Expected) => `${expected.size} ${expected.etag}`

/** The answer to a write that is only known from looking at the object. */
export function fromInfo(info: ObjectInfo): Committed {
  const { size, etag, version, digests } = info
  return { size, etag, version: version.startsWith('"') ? undefined : version, ...digests }
}

export function alreadyExists(location: string): TransferError {
  const message = `${location} already exists, and ifExists is 'fail'.`
  return new TransferError('ALREADY_EXISTS', message, { context: { location } })
}
