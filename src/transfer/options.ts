import { attributeNames } from '../contract/attribute-names'
import type { Progress, TransferEvent } from '../contract/events'
import type { Sink, SinkCapabilities } from '../contract/sink'
import type { ObjectAttributes, Source } from '../contract/source'
import { checkLifecycle } from '../lifecycle/internals'
import type { Lifecycle } from '../lifecycle/lifecycle'
import type { CheckpointStore } from '../resume/checkpoint-store'
import {
  abortSignal,
  callback,
  checkShape,
  fields,
  integer,
  invalid,
  oneOf,
  optionalInteger,
} from './option-checks'

export interface TransferOptions {
  /** Stops the transfer: it rejects with ABORTED once cleanup is done, within 5 s at most. */
  readonly signal?: AbortSignal
  /**
   * Bytes of every part but the last; of the first ones, where the size is unknown.
   * @default by the size alone, so that the same object always has the same parts: 8 MiB up to 1 GiB, 16 up to 16 GiB,
   * 32 up to 32 GiB, then 64, and more where the object needs it to fit in 10,000 parts; 8 MiB for a stream
   */
  readonly partSize?: number
  /**
   * Parts in flight at most.
   * @default as many as make the transfer faster: it begins with 8 and goes up to 32 while more bytes arrive for it, or
   * to one for each 4 MiB of the memory budget where that is less (never below 4). A stream, whose parts are held: 4
   */
  readonly concurrency?: number
  /**
   * Bytes this transfer may hold, within the budget that all transfers of the process share (see `configure`).
   * @default the process's budget
   */
  readonly memoryBudget?: number
  readonly retry?: RetryOptions
  /**
   * `'size'`: sizes alone. `'attested'`: also what the sink vouches for, part by part and as a whole.
   * `'end-to-end'`: also the source's own digest: its CRC-64, or the MD5 that is its ETag, or that of its parts, where
   * their size can be learnt (one or two more requests) or guessed. Two of these take time: parts are moved one by one
   * for the MD5 of a whole object, and for that of parts which ours do not hold whole; a free `partSize` is chosen so
   * that they do. What could not be checked is named in `result.unverified`, and is no error.
   * @default 'attested'
   */
  readonly verify?: 'size' | 'attested' | 'end-to-end'
  /**
   * Notes how far the transfer is, so that one which was killed, aborted or failed is gone on with: by the next call with
   * the same id, source and sink, in this process or any other. Deleted on success. Refused for a source that can be
   * read only once, and for a sink that cannot resume.
   */
  readonly checkpoint?: CheckpointOptions
  /**
   * What becomes of the parts already written when the transfer fails or is aborted. `'keep'` leaves them for the next
   * call where they can be of use to it, and without a checkpoint names them in `error.context`.
   * @default 'keep' with a checkpoint, else 'abort'
   */
  readonly onFailure?: 'abort' | 'keep'
  /** What to do where the destination exists. @default 'overwrite' */
  readonly ifExists?: 'overwrite' | 'fail' | 'skip'
  /** Attributes of the new object, each overriding that of the source. Refused where the sink cannot carry one. */
  readonly metadata?: ObjectAttributes
  readonly timeouts?: TimeoutOptions
  /** Whose connections are used. @default the lifecycle each store belongs to */
  readonly lifecycle?: Lifecycle
  /** Called at most ten times a second and once at the end. What it throws is ignored. */
  readonly onProgress?: (progress: Progress) => void
  /** Called as things happen. What it throws is ignored. */
  readonly onEvent?: (event: TransferEvent) => void
}

export interface CheckpointOptions {
  /** `fileCheckpoints(dir)`, `memoryCheckpoints()`, `keyvCheckpoints(keyv)`, or anything with the same three methods. */
  readonly store: CheckpointStore
  /** Any string, one for each transfer. */
  readonly id: string
  /** Milliseconds that parts in flight may go on after an abort, 0 to 4000; no other part begins. @default 1000 */
  readonly grace?: number
}

export interface RetryOptions {
  /** Attempts after the first, of each request. @default 12 */
  readonly retries?: number
  /** Milliseconds: the first delay is random between 0 and this, and the bound doubles each time. @default 200 */
  readonly minDelay?: number
  /** Milliseconds: the bound never exceeds this. @default 10000 */
  readonly maxDelay?: number
}

/** Milliseconds. */
export interface TimeoutOptions {
  /** Until a new connection stands. @default 10000 */
  readonly connect?: number
  /** Without a byte, or an answer. @default 15000 */
  readonly idle?: number
  /** For the whole transfer. @default none */
  readonly total?: number
}

export interface Limits {
  readonly minPartSize: number
  readonly maxPartSize: number
  readonly maxParts: number
  readonly maxObjectSize: number
}

/** The options with every default filled in. */
export interface ResolvedOptions {
  readonly signal: AbortSignal | undefined
  readonly partSize: number | undefined
  /** Undefined: found out. */
  readonly concurrency: number | undefined
  readonly memoryBudget: number | undefined
  readonly retry: Required<RetryOptions>
  readonly verify: 'size' | 'attested' | 'end-to-end'
  readonly checkpoint: Required<CheckpointOptions> | undefined
  readonly onFailure: 'abort' | 'keep'
  readonly ifExists: 'overwrite' | 'fail' | 'skip'
  readonly metadata: ObjectAttributes
  readonly timeouts: { readonly connect: number; readonly idle: number; readonly total: number | undefined }
  readonly lifecycle: Lifecycle | undefined
  readonly onProgress: ((progress: Progress) => void) | undefined
  readonly onEvent: ((event: TransferEvent) => void) | undefined
}

/** The longest delay a Node timer can hold, in milliseconds: a longer one fires at once. */
export const maxTimer = 2 ** 31 - 1

/** Of a sink of the caller's own, too, which may state no capabilities at all. */
export function limitsOf(capabilities?: SinkCapabilities): Limits {
  return {
    minPartSize: capabilities?.minPartSize ?? 1,
    maxPartSize: capabilities?.maxPartSize ?? Number.MAX_SAFE_INTEGER,
    maxParts: capabilities?.maxParts ?? 10_000,
    maxObjectSize: capabilities?.maxObjectSize ?? Number.MAX_SAFE_INTEGER,
  }
}

/**
 * Checks everything that can be checked without a request, against the sink's capabilities.
 * @throws INVALID_OPTION naming the option
 */
export function resolveOptions(source: Source, sink: Sink, options: TransferOptions = {}): ResolvedOptions {
  checkShape('source', source, ['stat', 'open'])
  checkShape('sink', sink, ['begin'])
  const known = fields('options', options, [
    'signal',
    'partSize',
    'concurrency',
    'memoryBudget',
    'retry',
    'verify',
    'checkpoint',
    'onFailure',
    'ifExists',
    'metadata',
    'timeouts',
    'lifecycle',
    'onProgress',
    'onEvent',
  ])
  const limits = limitsOf(sink.capabilities)
  const retry = fields('retry', known.retry ?? {}, ['retries', 'minDelay', 'maxDelay'])
  const timeouts = fields('timeouts', known.timeouts ?? {}, ['connect', 'idle', 'total'])
  const resolved: ResolvedOptions = {
    signal: abortSignal(known.signal),
    partSize: optionalInteger('partSize', known.partSize, limits.minPartSize, limits.maxPartSize),
    concurrency: optionalInteger('concurrency', known.concurrency, 1),
    memoryBudget: optionalInteger('memoryBudget', known.memoryBudget, 1),
    retry: {
      retries: integer('retry.retries', retry.retries ?? 12, 0),
      minDelay: integer('retry.minDelay', retry.minDelay ?? 200, 0, maxTimer),
      maxDelay: integer('retry.maxDelay', retry.maxDelay ?? 10_000, 0, maxTimer),
    },
    verify: oneOf('verify', known.verify ?? 'attested', ['size', 'attested', 'end-to-end']),
    checkpoint: known.checkpoint === undefined ? undefined : checkpoint(known.checkpoint, source, sink),
    onFailure: oneOf('onFailure', known.onFailure ?? (known.checkpoint ? 'keep' : 'abort'), [
      'abort',
      'keep',
    ]),
    ifExists: oneOf('ifExists', known.ifExists ?? 'overwrite', ['overwrite', 'fail', 'skip']),
    metadata: attributes('metadata', known.metadata ?? {}),
    timeouts: {
      connect: integer('timeouts.connect', timeouts.connect ?? 10_000, 1, maxTimer),
      idle: integer('timeouts.idle', timeouts.idle ?? 15_000, 1, maxTimer),
      total: optionalInteger('timeouts.total', timeouts.total, 1, maxTimer),
    },
    lifecycle: checkLifecycle(known.lifecycle, invalid),
    onProgress: callback('onProgress', known.onProgress),
    onEvent: callback('onEvent', known.onEvent),
  }
  if (resolved.ifExists !== 'overwrite' && !sink.stat) {
    throw invalid('ifExists', `'${resolved.ifExists}' needs a sink that can look: this one has no stat()`)
  }
  return resolved
}

/** @throws INVALID_OPTION for anything that is not a set of attributes */
export function attributes(name: string, value: ObjectAttributes): ObjectAttributes {
  const { metadata, ...texts } = fields(name, value, attributeNames)
  for (const [field, text] of Object.entries(texts)) {
    if (text !== undefined && typeof text !== 'string') throw invalid(`${name}.${field}`, 'must be a string')
  }
  for (const [key, text] of Object.entries(fields(`${name}.metadata`, metadata ?? {}))) {
    if (typeof text !== 'string') throw invalid(`${name}.metadata.${key}`, 'must be a string')
  }
  return value
}

function checkpoint(value: CheckpointOptions, source: Source, sink: Sink): Required<CheckpointOptions> {
  const { store, id, grace } = fields('checkpoint', value, ['store', 'id', 'grace'])
  for (const method of ['load', 'save', 'delete'] as const) {
    if (typeof (store as Partial<CheckpointStore> | undefined)?.[method] !== 'function') {
      throw invalid('checkpoint.store', `must have a ${method}() method, as fileCheckpoints(dir) has`)
    }
  }
  if (typeof id !== 'string') throw invalid('checkpoint.id', 'must be a string')
  if (source.sequential) {
    throw invalid('checkpoint', 'needs a source that can be read again, which a stream cannot: leave it out')
  }
  if (!sink.resume) throw invalid('checkpoint', 'needs a sink that can resume, and this one has no resume()')
  return { store, id, grace: integer('checkpoint.grace', grace ?? 1000, 0, 4000) }
}
