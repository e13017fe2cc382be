export {
  type Retryability,
  TransferError,
  type TransferErrorCode,
  type TransferErrorOptions,
} from './contract/errors'
export type { Operation, Progress, TransferEvent } from './contract/events'
export type {
  Body,
  Committed,
  Json,
  NewObject,
  Part,
  PartReceipt,
  Sink,
  SinkCapabilities,
  WriteSession,
} from './contract/sink'
export type {
  ByteRange,
  Bytes,
  Context,
  Digests,
  ObjectAttributes,
  ObjectInfo,
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
export { type Configuration, configure } from './transfer/configure'
export type { RetryOptions, TimeoutOptions, TransferOptions } from './transfer/options'
export type { TransferResult } from './transfer/result'
export { transfer } from './transfer/transfer'
export type { Unverified } from './transfer/verify'
