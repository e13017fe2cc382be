import { createHash } from 'node:crypto'
import type { Json, PartReceipt } from '../contract/sink'
import type { ObjectAttributes } from '../contract/source'
import { fromColumns, type PartColumns, toColumns } from './part-columns'

/** What another process needs to go on with a transfer. Holds no secrets: only names, sizes and digests. */
export interface Checkpoint {
  /** Version of the format. One of another version counts as no checkpoint. */
  readonly format: 1
  /** Grows with every save, over all processes that take up the transfer. */
  readonly revision: number
  /** Random for each run: whoever finds another's here has been taken over, and leaves the session alone. */
  readonly owner: string
  readonly source: {
    readonly location: string
    /** `ObjectInfo.version`: another one means that the parts are of no use. */
    readonly version: string
    /** Bytes, where known. */
    readonly size?: number
  }
  /** `Sink.location`. */
  readonly destination: string
  /** {@link fingerprint} of what the object carries beside its bytes, which the session was begun with. */
  readonly attributes: string
  /** Bytes of every part but the last; of the first, where the size is unknown. */
  readonly partSize: number
  /** `WriteSession.state`. */
  readonly session: Json
  /** Parts the sink has accepted; by index, once they have been read back. */
  readonly parts: readonly PartReceipt[]
}

/** A checkpoint as stores keep it. */
interface Stored extends Omit<Checkpoint, 'session' | 'parts'> {
  /** JSON text, so that a store which sorts the names of objects or drops nulls changes nothing in it. */
  readonly session: string
  readonly parts: PartColumns
  readonly check: string
}

export function encodeCheckpoint(checkpoint: Checkpoint): Json {
  const content = {
    ...plainFields(checkpoint),
    session: JSON.stringify(checkpoint.session),
    parts: toColumns(checkpoint.parts),
  }
  return { ...content, parts: { ...content.parts }, check: checkOf(content) }
}

/** Anything but a whole checkpoint of this format is `undefined`: cut, altered, older, newer, something else. */
export function decodeCheckpoint(stored: unknown): Checkpoint | undefined {
  try {
    const found: unknown = typeof stored === 'string' ? JSON.parse(stored) : stored
    if (!isStored(found) || found.check !== checkOf(found)) return undefined
    return {
      ...plainFields(found),
      session: JSON.parse(found.session) as Json,
      parts: fromColumns(found.parts),
    }
  } catch {
    // An unreadable checkpoint counts as none: the transfer starts afresh, which is always right.
    return undefined
  }
}

/** Those that are stored as they are; of what else somebody has put there, nothing. */
function plainFields(fields: Omit<Checkpoint, 'session' | 'parts'>) {
  const { format, revision, owner, source, destination, attributes, partSize } = fields
  const { location, version, size } = source
  return {
    format,
    revision,
    owner,
    source: { location, version, ...(size !== undefined && { size }) },
    destination,
    attributes,
    partSize,
  }
}

/** Tells damage; over the fields in a fixed order, as stores may reorder them. */
function checkOf(content: Omit<Stored, 'check'>) {
  const { format, revision, owner, source, destination, attributes, partSize, session, parts } = content
  const { indexes, sizes, etags = null, crc64s = null, md5s = null } = parts
  const { location, version, size = null } = source
  const columns = [indexes, sizes, etags, crc64s, md5s]
  const scalars = [
    format,
    revision,
    owner,
    location,
    version,
    size,
    destination,
    attributes,
    partSize,
    session,
  ]
  return shortHash([...scalars, ...columns])
}

/** Tells whether attributes are the same, without keeping them: users' metadata may be private. */
export function fingerprint({ metadata = {}, ...texts }: ObjectAttributes): string {
  const sorted = (object: object) =>
    Object.entries(object)
      .filter(([, value]) => value !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1))
  return shortHash([sorted(texts), sorted(metadata)])
}

const shortHash = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22)

function isStored(value: unknown): value is Stored {
  if (!isObject(value) || value.format !== 1) return false
  const { source, parts } = value
  return (
    [value.revision, value.partSize].every(isCount) &&
    [value.owner, value.destination, value.attributes, value.session, value.check].every(isText) &&
    isObject(source) &&
    [source.location, source.version].every(isText) &&
    (source.size === undefined || isCount(source.size)) &&
    isObject(parts) &&
    [parts.indexes, parts.sizes].every((column) => isListOf(column, isCount)) &&
    [parts.etags, parts.crc64s, parts.md5s].every(
      (column) => column === undefined || isListOf(column, isCell),
    )
  )
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): boolean => typeof value === 'string'
const isCell = (value: unknown): boolean => value === null || isText(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isItem)
