import { Pool, type PoolClient } from 'pg'
import { createLifecycle, pgPool, withConnection } from 'sluiceway'
import { describe, expect, it, onTestFinished } from 'vitest'
import { postgres } from './postgres'
import { describeWith } from './real-database'
import { relay } from './relay'
import { expectTwentyOk, outcome } from './twenty-tasks'

await describeWith(postgres, 'pools of pg', (server) => {
  function poolAt(port: number = server().port): Pool {
    const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
    // Without a listener an idle client that dies ends the process.
    pool.on('error', () => {})
    onTestFinished(() => pool.end())
    return pool
  }

  const pidOf = (client: object) => (client as { processID: number }).processID

  /** Two idle clients in the pool. @returns the pids of their backends */
  async function warm(pool: Pool): Promise<number[]> {
    const clients = await Promise.all([pool.connect(), pool.connect()])
    for (const client of clients) client.release()
    return clients.map(pidOf)
  }

  /** The server ends connections while nothing of our event loop runs. */
  function killWhileBlocked(pids: readonly number[]): void {
    const list = pids.join(',')
    server().ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN (${list})`)
    while (server().ask(`SELECT COUNT(*) FROM pg_stat_activity WHERE pid IN (${list})`) !== '0');
  }

  describe('the first query on a pool of pg after its idle connections were closed', () => {
    it('fails without the hook', async () => {
      const pool = poolAt()
      killWhileBlocked(await warm(pool))
      expect(await outcome(pool.query('SELECT 1'))).not.toBe('ok')
    })

    it('succeeds 20 of 20 after onTaskStart', async () => {
      const pool = poolAt()
      await expectTwentyOk(
        pgPool(pool),
        () => warm(pool).then(killWhileBlocked),
        () => pool.query('SELECT 1'),
      )
    })

    it('succeeds 20 of 20 after onTaskStart, though the peer has vanished without a word', async () => {
      const line = await relay(server().port)
      onTestFinished(() => void line.close())
      const pool = poolAt(line.port)
      await expectTwentyOk(
        pgPool(pool),
        () => warm(pool).then(line.vanish),
        () => pool.query('SELECT 1'),
        { isUsableTimeout: 100 },
      )
    })
  })

  describe('a pool of pg', () => {
    it('keeps usable clients, and those that a task holds', async () => {
      const pool = poolAt()
      const lifecycle = createLifecycle()
      const db = pgPool(pool)
      lifecycle.register(db)
      const held = await pool.connect()
      await held.query('BEGIN')
      const [dead, alive] = (await warm(pool)).filter((pid) => pid !== pidOf(held))
      killWhileBlocked([dead!])
      await lifecycle.onTaskStart()
      expect([...db.idle()].map(pidOf)).toEqual(alive === undefined ? [] : [alive])
      await held.query('COMMIT')
      held.release()
    })

    it('loses its idle clients at a fork, without a word to the server', async () => {
      const pool = poolAt()
      const lifecycle = createLifecycle()
      const db = pgPool(pool)
      lifecycle.register(db)
      await warm(pool)
      const streams = [...db.idle()].map(
        (client) =>
          (client as never as { connection: { stream: import('node:net').Socket } }).connection.stream,
      )
      const written = streams.map(({ bytesWritten }) => bytesWritten)
      lifecycle.onFork()
      expect(pool.totalCount).toBe(0)
      await new Promise((done) => setTimeout(done, 50))
      expect(streams.map(({ bytesWritten }) => bytesWritten)).toEqual(written)
      expect(await outcome(pool.query('SELECT 1'))).toBe('ok')
    })

    it('gives connections that have just answered', async () => {
      const pool = poolAt()
      const db = pgPool(pool)
      killWhileBlocked(await warm(pool))
      const one = (client: PoolClient) => client.query('SELECT 1 AS one').then(({ rows }) => rows)
      expect(await withConnection(db, one)).toEqual([{ one: 1 }])
      expect(pool.idleCount).toBe(1)
      await expect(withConnection(db, (client) => client.query('NONSENSE'))).rejects.toMatchObject({
        code: '42601',
      })
      expect(pool.idleCount).toBe(1)
    })
  })
})
