export { type IoredisClient, ioredisConnection } from './ioredis'
export {
  type Mysql2CallbackPool,
  type Mysql2Connection,
  type Mysql2PromisePool,
  mysql2Pool,
} from './mysql2'
export { type PgClient, type PgPool, pgPool } from './pg'
export {
  type Lease,
  type Leasing,
  type PoolResource,
  type WithConnectionOptions,
  withConnection,
} from './with-connection'
