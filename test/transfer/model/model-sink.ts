import { TransferError } from '../../../src/contract/errors'
import type { Committed, NewObject, Part, PartReceipt, Sink, WriteSession } from '../../../src/contract/sink'
import { createDigester } from '../../../src/integrity/digester'
import { damaged } from './damaged'
import type { Destination, Standing } from './destination'

export interface ModelSinkOptions {
  /** What the receipts of parts state. */
  readonly attests: 'crc64' | 'md5'
  /** Whether a commit states a digest of the whole. */
  readonly statesWhole: boolean
  readonly maxPutSize: number
}

interface StoredObject extends Standing {
  readonly attributes: NewObject['attributes']
}

interface Session {
  readonly object: NewObject
  readonly parts: Map<number, Buffer>
}

/**
 * A destination that believes whatever it is told: it commits the parts that are named, in that order, gaps and all,
 * and compares no sizes. What keeps the object right is the core alone.
 */
export class ModelDestination implements Destination {
  readonly #options: ModelSinkOptions
  readonly #sessions = new Map<string, Session>()
  #object: StoredObject | undefined
  #count = 0

  constructor(options: ModelSinkOptions) {
    this.#options = options
  }

  look = async () => this.#object
  sessions = async () => [...this.#sessions.keys()]
  sessionOf = (state: unknown) => (state as { uploadId: string }).uploadId
  holds = async (session: string, { index }: Part, bytes: Buffer) =>
    this.#sessions.get(session)?.parts.get(index)?.equals(bytes) === true
  loseSessions = async () => this.#sessions.clear()

  async put(bytes: Buffer): Promise<Standing | undefined> {
    const before = this.#object
    this.#publish(bytes, {})
    return before
  }

  async harmPart(index: number, how: 'vanish' | 'tear' | 'damage'): Promise<void> {
    for (const { parts } of this.#sessions.values()) {
      const bytes = parts.get(index)
      if (!bytes) continue
      if (how === 'vanish') parts.delete(index)
      else if (how === 'tear') parts.set(index, bytes.subarray(0, -1))
      else parts.set(index, damaged(bytes))
    }
  }

  sink(): Sink {
    // Of this process: what a put whose reply was lost may have made.
    let sent: Buffer | undefined
    return {
      location: 'model:destination',
      capabilities: {
        minPartSize: 1,
        maxPutSize: this.#options.maxPutSize,
        attests: [this.#options.attests],
        attributes: ['contentType'],
        createOnly: 'enforced',
      },
      stat: async () =>
        this.#object && {
          key: 'destination',
          size: this.#object.bytes.length,
          version: this.#object.id,
        },
      put: async (object, bytes) => {
        if (object.createOnly && this.#object) {
          if (sent && this.#object.bytes.equals(sent)) return this.#committed(this.#object.bytes)
          throw exists()
        }
        sent = Buffer.from(bytes)
        return this.#publish(sent, object.attributes)
      },
      begin: async (object) => {
        this.#count += 1
        const id = `upload-${this.#count}`
        this.#sessions.set(id, { object, parts: new Map() })
        return this.#session(id)
      },
      resume: async (state, { createOnly }) => {
        const id = this.sessionOf(state)
        const found = this.#sessions.get(id)
        if (!found) throw gone(id)
        this.#sessions.set(id, { ...found, object: { ...found.object, createOnly } })
        return this.#session(id)
      },
      discard: async (state) => void this.#sessions.delete(this.sessionOf(state)),
      reconcile: async ({ size, digests, receipts }) => {
        const standing = this.#object?.bytes
        if (standing?.length !== size) return undefined
        const { crc64, md5 } = digestsOf(standing)
        const same = (digests.crc64 ?? crc64) === crc64 && (digests.md5 ?? md5) === md5
        return same && (receipts.length === 0 || isMadeOf(standing, receipts))
          ? this.#committed(standing)
          : undefined
      },
    }
  }

  #session(id: string): WriteSession {
    const find = () => {
      const session = this.#sessions.get(id)
      if (!session) throw gone(id)
      return session
    }
    return {
      state: { uploadId: id },
      writePart: async (part, body) => {
        find()
        const chunks: Buffer[] = []
        for await (const chunk of await body.open()) chunks.push(Buffer.from(chunk))
        const bytes = Buffer.concat(chunks)
        // Again: a part that was on its way while its session ended must not bring it back.
        find().parts.set(part.index, bytes)
        return this.#receipt(part.index, bytes)
      },
      listParts: async () =>
        [...find().parts]
          .map(([index, bytes]) => this.#receipt(index, bytes))
          .sort((a, b) => a.index - b.index),
      commit: async (receipts) => {
        const session = this.#sessions.get(id)
        if (!session) return this.#look(id, receipts)
        const chosen = receipts.flatMap(({ index, etag }) => {
          const bytes = session.parts.get(index)
          if (bytes && etag === digestsOf(bytes).md5) return [bytes]
          throw new TransferError('INTEGRITY', `Part ${index} is not the one that was stored.`)
        })
        if (session.object.createOnly && this.#object) throw exists()
        this.#sessions.delete(id)
        return this.#publish(Buffer.concat(chosen), session.object.attributes)
      },
      abort: async () => void this.#sessions.delete(id),
    }
  }

  #receipt(index: number, bytes: Buffer): PartReceipt {
    const digests = digestsOf(bytes)
    const { attests } = this.#options
    return { index, size: bytes.length, etag: digests.md5, [attests]: digests[attests] }
  }

  /** The session has ended: by an earlier commit whose reply was lost, or because it was aborted. */
  #look(id: string, receipts: readonly PartReceipt[]): Committed {
    const standing = this.#object?.bytes ?? Buffer.alloc(0)
    if (this.#object && isMadeOf(standing, receipts)) return this.#committed(standing)
    throw gone(id)
  }

  #publish(bytes: Buffer, attributes: NewObject['attributes']): Committed {
    this.#count += 1
    this.#object = { id: `object-${this.#count}`, bytes, attributes }
    return this.#committed(bytes)
  }

  #committed(bytes: Buffer): Committed {
    const { crc64 } = digestsOf(bytes)
    return { size: bytes.length, ...(this.#options.statesWhole && { crc64 }) }
  }
}

function isMadeOf(bytes: Buffer, receipts: readonly PartReceipt[]): boolean {
  let at = 0
  const same = receipts.every(({ size, etag }) => {
    const part = bytes.subarray(at, at + size)
    at += size
    return digestsOf(part).md5 === etag
  })
  return same && at === bytes.length
}

function digestsOf(bytes: Uint8Array) {
  const digester = createDigester(['crc64', 'md5'])
  digester.update(bytes)
  return digester.digest() as { crc64: string; md5: string }
}

const gone = (id: string) => new TransferError('SESSION_LOST', `There is no ${id}.`)
const exists = () => new TransferError('ALREADY_EXISTS', 'There is an object already.')
