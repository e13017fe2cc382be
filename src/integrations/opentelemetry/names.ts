/** Names of attributes. Those of metrics have few values each: never a key, a bucket or a location. */
export const attribute = {
  /** `ceph`, `cos`, `disk`, `memory`, `stream`, or `other` for adapters of the caller's own. */
  sourceKind: 'sluiceway.source.kind',
  sinkKind: 'sluiceway.sink.kind',
  storeKind: 'sluiceway.store.kind',
  operation: 'sluiceway.operation',
  /** `source`, `sink` or `checkpoint`. */
  side: 'sluiceway.side',
  /** `stored`, `skipped`, or the code of the error. */
  outcome: 'sluiceway.outcome',
  reason: 'sluiceway.reason',
  pool: 'sluiceway.connection.pool',
  errorType: 'error.type',
  // Of spans alone, from here on.
  sourceLocation: 'sluiceway.source.location',
  sinkLocation: 'sluiceway.sink.location',
  method: 'sluiceway.method',
  size: 'sluiceway.size',
  bytes: 'sluiceway.bytes',
  partSize: 'sluiceway.part.size',
  partStart: 'sluiceway.part.start',
  partIndex: 'sluiceway.part.index',
  parts: 'sluiceway.parts',
  resumedBytes: 'sluiceway.resumed.bytes',
  concurrency: 'sluiceway.concurrency',
  attempt: 'sluiceway.attempt',
  delay: 'sluiceway.delay',
} as const

const kinds: readonly string[] = ['ceph', 'cos', 'disk', 'memory', 'stream']

/** Of a location or the name of a store: both begin with it. */
export function kindOf(name: string): string {
  const kind = /^\w+/.exec(name)?.[0] ?? ''
  return kinds.includes(kind) ? kind : 'other'
}
