import type { PoolResource } from './with-connection'

/** A client of pg, as far as it is used. */
export interface PgClient {
  query(text: string): Promise<unknown>
}

interface PooledClient extends PgClient {
  readonly connection?: { readonly stream?: { destroy(): unknown } }
  release(error?: Error | boolean): void
}

/** What is used of pg's pool beside its interface; the same in all releases of pg 8. */
interface CorePool {
  readonly _idle: readonly { readonly client: PooledClient }[]
  _remove(client: PooledClient): void
}

/** What `new Pool()` of `pg` gives. */
export interface PgPool {
  connect(): Promise<PgClient>
}

/** What the pool gives to those who connect; its types state a second way to, with a callback. */
type ClientOf<Pool> = Pool extends { connect(): Promise<infer Client>; connect(callback: never): void }
  ? Client
  : PgClient

/**
 * A pool of pg whose idle connections a lifecycle keeps fresh. Those that tasks hold are left alone, their open
 * transactions too. As pg demands, the pool must have a listener for `'error'`.
 *
 * @example
 * lifecycle.register(pgPool(pool))
 */
export function pgPool<Pool extends PgPool>(pool: Pool): PoolResource<PgClient, ClientOf<Pool>> {
  const core = pool as unknown as CorePool
  return {
    name: 'pg',
    idle: () => core._idle.map(({ client }) => client),
    isUsable,
    discard(client) {
      // First, so that taking it out of the pool finds nothing to say goodbye to.
      disconnect(client)
      core._remove(client as PooledClient)
    },
    async take() {
      const client = (await pool.connect()) as PooledClient
      return {
        connection: client as PgClient as ClientOf<Pool>,
        isUsable: () => isUsable(client),
        release: () => client.release(),
        discard() {
          disconnect(client)
          client.release(true)
        },
      }
    },
  }
}

const isUsable = (client: PgClient) =>
  client.query('SELECT 1').then(
    () => true,
    () => false,
  )

function disconnect(client: PgClient): void {
  ;(client as PooledClient).connection?.stream?.destroy()
}
