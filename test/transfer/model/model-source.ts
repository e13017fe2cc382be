import { TransferError } from '../../../src/contract/errors'
import type { ByteRange, Bytes, Context, ObjectInfo, Source } from '../../../src/contract/source'
import { createDigester } from '../../../src/integrity/digester'
import { seeded } from '../../support/seeded'
import type { ModelProcess } from './process'

export interface Version {
  readonly id: string
  readonly bytes: Buffer
}

/** The source as it was and is. Bytes of two versions differ nearly everywhere. */
export class Versions {
  /** In the order in which they became current. */
  readonly all: Version[] = []

  constructor(size: number) {
    this.change(size)
  }

  get current(): Version {
    return this.all.at(-1)!
  }

  change(size: number): void {
    const random = seeded(this.all.length + 1)
    const bytes = Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)))
    this.all.push({ id: `v${this.all.length + 1}`, bytes })
  }
}

/** What a process has seen of the source, to tell whether it looked again before it committed. */
export interface Seen {
  stated: string | undefined
  openedSince: boolean
}

export function modelSource(
  process: ModelProcess,
  versions: Versions,
  seen: Seen,
  statesDigest: boolean,
): Source {
  return {
    location: 'model:source',

    stat: ({ signal }: Context = {}) =>
      process.call('stat', signal, async (): Promise<ObjectInfo> => {
        const { id, bytes } = versions.current
        seen.stated = id
        seen.openedSince = false
        return { key: 'source', size: bytes.length, version: id, ...(statesDigest && digestOf(bytes)) }
      }),

    open: async (range?: ByteRange, { signal, version }: Context = {}): Promise<Bytes> => {
      const fault = process.faults.take('read')
      return process.call('open', signal, async () => {
        const { id, bytes } = versions.current
        if (version !== undefined && version !== id) {
          throw new TransferError('SOURCE_CHANGED', `${id} is there, not ${version}.`)
        }
        seen.openedSince = true
        const wanted = range ? bytes.subarray(range.start, range.end) : bytes
        return read(process, wanted, fault)
      })
    },
  }
}

const digestOf = (bytes: Buffer) => {
  const digester = createDigester(['crc64'])
  digester.update(bytes)
  return { digests: digester.digest() }
}

/** In small chunks, all in one buffer that is scribbled over before the next. */
async function* read(process: ModelProcess, bytes: Buffer, fault: string | undefined): Bytes {
  const buffer = Buffer.alloc(5)
  const end = fault === 'cut' || fault === 'truncated' ? Math.floor(bytes.length / 2) : bytes.length
  for (let at = 0; at < end; at += buffer.length) {
    await process.pass()
    const piece = bytes.subarray(at, Math.min(end, at + buffer.length))
    buffer.set(piece)
    yield buffer.subarray(0, piece.length)
    buffer.fill(0xee)
  }
  if (fault === 'cut') {
    throw new TransferError('CONNECTION', 'The body was cut.', { retry: 'temporary' })
  }
}
