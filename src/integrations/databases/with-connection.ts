import { TransferError } from '../../contract/errors'
import type { Resource } from '../../lifecycle/resource'
import { saysYes } from '../../lifecycle/says-yes'

/** A connection that has been taken from a pool. */
export interface Lease<Handle> {
  /** What the driver's own users work with. */
  readonly connection: Handle
  isUsable(): Promise<boolean>
  /** Gives it back to the pool. */
  release(): void
  /** Drops it, without network I/O. */
  discard(): void
}

/** What connections can be taken from. */
export interface Leasing<Handle> {
  readonly name: string
  take(): Promise<Lease<Handle>>
}

/** A pool of the host that can be registered with a lifecycle, and from which connections can be taken. */
export type PoolResource<Connection, Handle> = Required<Resource<Connection>> & Leasing<Handle>

export interface WithConnectionOptions {
  /** Milliseconds in which a connection has to answer. @default 2000 */
  readonly isUsableTimeout?: number
}

/** A pool may hold many dead connections, but whoever gives so many new ones that do not work is down. */
const attempts = 20

/**
 * Takes a connection that has just answered, runs `work` with it, and gives it back. So a task needs to hold none
 * through a transfer of an hour, in which its server would close it. A connection that fails for good is dropped.
 *
 * @returns what `work` returns; rejects as `work` and the pool do, and with CONNECTION when no connection answers
 * @example
 * await withConnection(db, (connection) => connection.query('UPDATE jobs SET state = ?', ['moving']))
 * await transfer(source, sink)
 * await withConnection(db, (connection) => connection.query('UPDATE jobs SET state = ?', ['done']))
 */
export async function withConnection<Handle, T>(
  pool: Leasing<Handle>,
  work: (connection: Handle) => T | PromiseLike<T>,
  { isUsableTimeout = 2000 }: WithConnectionOptions = {},
): Promise<T> {
  const lease = await takeUsable(pool, isUsableTimeout)
  try {
    const result = await work(lease.connection)
    lease.release()
    return result
  } catch (error) {
    await giveBack(lease, isUsableTimeout)
    throw error
  }
}

async function takeUsable<Handle>(pool: Leasing<Handle>, timeout: number): Promise<Lease<Handle>> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const lease = await pool.take()
    if (await saysYes(() => lease.isUsable(), timeout)) return lease
    lease.discard()
  }
  const message = `None of ${attempts} connections of ${pool.name} answered within ${timeout} ms. Check the server.`
  throw new TransferError('CONNECTION', message, { retry: 'temporary', context: { pool: pool.name } })
}

/** What failed may have been the statement or the connection, and drivers name faults in many ways: so it is asked. */
async function giveBack(lease: Lease<unknown>, timeout: number): Promise<void> {
  if (await saysYes(() => lease.isUsable(), timeout)) lease.release()
  else lease.discard()
}
