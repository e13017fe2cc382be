import type { PoolResource } from './with-connection'

/** A connection of mysql2, as far as it is used. */
export interface Mysql2Connection {
  readonly stream: { destroy(): unknown }
  ping(callback: (error: unknown) => void): unknown
  release(): void
  destroy(): void
}

/** The pool behind both interfaces of mysql2. Its lists are no part of them, but the same in all releases of 2 and 3. */
interface CorePool {
  readonly _freeConnections: { readonly length: number; get(index: number): unknown }
  getConnection(callback: (error: unknown, connection: unknown) => void): unknown
}

/** What `createPool` of `mysql2/promise` gives. */
export interface Mysql2PromisePool<Handle> {
  readonly pool: object
  getConnection(): Promise<Handle>
}

/** What `createPool` of `mysql2` gives. */
export interface Mysql2CallbackPool<Handle> {
  getConnection(callback: (error: NodeJS.ErrnoException | null, connection: Handle) => unknown): unknown
}

/**
 * A pool of mysql2 whose idle connections a lifecycle keeps fresh. Those that tasks hold are left alone, their open
 * transactions too.
 *
 * @param pool of `mysql2/promise` or of `mysql2`
 * @example
 * lifecycle.register(mysql2Pool(pool))
 */
export function mysql2Pool<Handle>(pool: Mysql2PromisePool<Handle>): PoolResource<Mysql2Connection, Handle>
export function mysql2Pool<Handle>(pool: Mysql2CallbackPool<Handle>): PoolResource<Mysql2Connection, Handle>
export function mysql2Pool(pool: object): PoolResource<Mysql2Connection, unknown> {
  const promised = 'pool' in pool
  const core = (promised ? pool.pool : pool) as CorePool
  return {
    name: 'mysql2',
    *idle() {
      const { _freeConnections: free } = core
      for (let index = 0; index < free.length; index += 1) yield free.get(index) as Mysql2Connection
    },
    isUsable,
    discard,
    async take() {
      const connection = await (promised ? (pool as Mysql2PromisePool<object>).getConnection() : get(core))
      const inner = (promised ? (connection as Promised).connection : connection) as Mysql2Connection
      return {
        connection,
        isUsable: () => isUsable(inner),
        release: () => inner.release(),
        discard: () => discard(inner),
      }
    },
  }
}

/** What the promise interface wraps. */
interface Promised {
  readonly connection: object
}

const get = (core: CorePool) =>
  new Promise<object>((resolve, reject) => {
    core.getConnection((error, connection) => (error ? reject(error) : resolve(connection as object)))
  })

/** Whatever the error, and some have no code: such a connection is of no more use. */
const isUsable = (connection: Mysql2Connection) =>
  new Promise<boolean>((resolve) => void connection.ping((error) => resolve(!error)))

function discard(connection: Mysql2Connection): void {
  // First, so that taking it out of the pool finds nothing to say goodbye to.
  connection.stream.destroy()
  connection.destroy()
}
