import { attributeNames } from '../contract/attribute-names'
import { TransferError } from '../contract/errors'
import type { Progress, TransferEvent } from '../contract/events'
import type { Sink, SinkCapabilities } from '../contract/sink'
import type { ObjectAttributes, Source } from '../contract/source'
import { isLifecycle } from '../lifecycle/internals'
import type { Lifecycle } from '../lifecycle/lifecycle'

export interface TransferOptions {
  /** Stops the transfer: it rejects with ABORTED once cleanup is done, within 5 s at most. */
  readonly signal?: AbortSignal
  /**
   * Bytes of every part but the last; of the first ones, where the size is unknown.
   * @default 16 MiB (8 MiB for a stream, whose parts are held), more where the object needs it to fit in 10,000 parts
   */
  readonly partSize?: number
  /** Parts in flight. @default 4 */
  readonly concurrency?: number
  /**
   * Bytes this transfer may hold, within the budget that all transfers of the process share (see `configure`).
   * @default the process's budget
   */
  readonly memoryBudget?: number
  readonly retry?: RetryOptions
  /**
   * `'size'`: sizes alone. `'attested'`: also what the sink vouches for, part by part and as a whole.
   * `'end-to-end'`: also the source's own digest.
   * @default 'attested'
   */
  readonly verify?: 'size' | 'attested' | 'end-to-end'
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
  readonly concurrency: number
  readonly memoryBudget: number | undefined
  readonly retry: Required<RetryOptions>
  readonly verify: 'size' | 'attested' | 'end-to-end'
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
    concurrency: integer('concurrency', known.concurrency ?? 4, 1),
    memoryBudget: optionalInteger('memoryBudget', known.memoryBudget, 1),
    retry: {
      retries: integer('retry.retries', retry.retries ?? 12, 0),
      minDelay: integer('retry.minDelay', retry.minDelay ?? 200, 0, maxTimer),
      maxDelay: integer('retry.maxDelay', retry.maxDelay ?? 10_000, 0, maxTimer),
    },
    verify: oneOf('verify', known.verify ?? 'attested', ['size', 'attested', 'end-to-end']),
    ifExists: oneOf('ifExists', known.ifExists ?? 'overwrite', ['overwrite', 'fail', 'skip']),
    metadata: attributes('metadata', known.metadata ?? {}),
    timeouts: {
      connect: integer('timeouts.connect', timeouts.connect ?? 10_000, 1, maxTimer),
      idle: integer('timeouts.idle', timeouts.idle ?? 15_000, 1, maxTimer),
      total: optionalInteger('timeouts.total', timeouts.total, 1, maxTimer),
    },
    lifecycle: lifecycleOf(known.lifecycle),
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

export function invalid(name: string, problem: string): TransferError {
  return new TransferError('INVALID_OPTION', `Option ${name} ${problem}.`, { context: { option: name } })
}

export function integer(
  name: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number
  }
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  throw invalid(name, `must be an integer ${bounds}, but is ${show(value)}`)
}

function optionalInteger(name: string, value: unknown, min: number, max?: number): number | undefined {
  return value === undefined ? undefined : integer(name, value, min, max)
}

function oneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const choice = choices.find((one) => one === value)
  if (choice === undefined) {
    throw invalid(name, `must be one of '${choices.join("', '")}', but is ${show(value)}`)
  }
  return choice
}

/** An object with no other fields than the known ones: a misspelt option must not be ignored. */
export function fields<T extends object>(name: string, value: T, known?: readonly string[]): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(name, `must be an object, but is ${show(value)}`)
  }
  const unknown = known && Object.keys(value).find((field) => !known.includes(field))
  if (unknown !== undefined) {
    const option = name === 'options' ? unknown : `${name}.${unknown}`
    throw invalid(option, `is not known; there are ${known?.join(', ')}`)
  }
  return value
}

function abortSignal(value: unknown): AbortSignal | undefined {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>
  const fits = typeof aborted === 'boolean' && typeof addEventListener === 'function'
  if (value !== undefined && !fits) throw invalid('signal', `must be an AbortSignal, but is ${show(value)}`)
  return value as AbortSignal | undefined
}

function lifecycleOf(value: unknown): Lifecycle | undefined {
  if (value === undefined || isLifecycle(value)) return value
  throw invalid('lifecycle', `must be made by createLifecycle, but is ${show(value)}`)
}

function callback<T>(name: string, value: T): T {
  if (value !== undefined && typeof value !== 'function') {
    throw invalid(name, `must be a function, but is ${show(value)}`)
  }
  return value
}

function checkShape(name: string, value: unknown, methods: readonly string[]): void {
  const missing = methods.find((method) => typeof (value as Record<string, unknown>)?.[method] !== 'function')
  if (missing) {
    throw invalid(name, `must have a ${missing}() method; make one with store.${name}(key)`)
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
