export type {
  ConnectionMessage,
  ConnectionPoolName,
  DiagnosticMessages,
  ObservedTransfer,
  RequestMessage,
  RequestOperation,
  RetirementReason,
  TransferMessage,
  TransferNews,
} from './contract/diagnostics'
export {
  type Reconcile,
  type Retryability,
  TransferError,
  type TransferErrorCode,
  type TransferErrorOptions,
} from './contract/errors'
export type { Operation, Progress, RestartReason, TransferEvent } from './contract/events'
export type {
  Body,
  Committed,
  Json,
  NewObject,
  Part,
  PartReceipt,
  PendingObject,
  Sink,
  SinkCapabilities,
  WriteSession,
} from './contract/sink'
export type {
  ByteRange,
  Bytes,
  CompositeMd5,
  Context,
  Digests,
  ObjectAttributes,
  ObjectInfo,
  Peek,
  Source,
} from './contract/source'
export type { ListOptions, SinkOptions, SourceOptions, Store } from './contract/store'
export {
  type IoredisClient,
  ioredisConnection,
  type Lease,
  type Leasing,
  type Mysql2CallbackPool,
  type Mysql2Connection,
  type Mysql2PromisePool,
  mysql2Pool,
  type PgClient,
  type PgPool,
  type PoolResource,
  pgPool,
  type WithConnectionOptions,
  withConnection,
} from './integrations/databases'
export {
  type Agents,
  createLifecycle,
  type Lifecycle,
  type LifecycleOptions,
  lifecycle,
  type Resource,
} from './lifecycle'
export {
  type CheckpointStore,
  type FailedSweep,
  fileCheckpoints,
  type KeptUpload,
  type KeyvLike,
  keyvCheckpoints,
  memoryCheckpoints,
  type SweepOptions,
  type SweepResult,
  type SweptUpload,
  sweep,
} from './resume'
export { type Configuration, configure } from './transfer/configure'
export type { CheckpointOptions, RetryOptions, TimeoutOptions, TransferOptions } from './transfer/options'
export type { TransferResult } from './transfer/result'
export { transfer } from './transfer/transfer'
export type { Unverified } from './transfer/verify/verifier'
