import { createPool as createCallbackPool } from 'mysql2'
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise'
import { createLifecycle, mysql2Pool, transfer, withConnection } from 'sluiceway'
import { memory } from 'sluiceway/memory'
import { writeObject } from 'sluiceway/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mariaDb } from './mariadb'
import { describeWith } from './real-database'
import { relay } from './relay'
import { expectTwentyOk, outcome } from './twenty-tasks'

await describeWith(mariaDb, 'a pool of mysql2', (server) => {
  function poolAt(port: number = server().port): Pool {
    const pool = createPool({ host: '127.0.0.1', port, user: 'root', database: 'test', connectionLimit: 5 })
    onTestFinished(() => pool.end())
    return pool
  }

  /** Two idle connections in the pool. @returns their ids */
  async function warm(pool: Pool): Promise<number[]> {
    const connections = await Promise.all([pool.getConnection(), pool.getConnection()])
    for (const connection of connections) connection.release()
    return connections.map(({ threadId }) => threadId)
  }

  /** The server ends connections while nothing of our event loop runs. */
  function killWhileBlocked(ids: readonly number[]): void {
    server().ask(ids.map((id) => `KILL ${id}`).join(';'))
    waitUntilGone(ids)
  }

  function waitUntilGone(ids: readonly number[]): void {
    const count = `SELECT COUNT(*) FROM information_schema.processlist WHERE id IN (${ids.join(',')})`
    while (server().ask(count) !== '0');
  }

  describe('the first query after the server has closed the idle connections', () => {
    const ways = {
      'killed while the event loop was blocked': (ids: number[]) => killWhileBlocked(ids),
      'past their wait_timeout': (ids: number[]) => waitUntilGone(ids),
    }

    async function lose(pool: Pool, way: keyof typeof ways): Promise<void> {
      server().ask(`SET GLOBAL wait_timeout = ${way.startsWith('past') ? 1 : 28800}`)
      ways[way](await warm(pool))
    }

    const names = Object.keys(ways) as (keyof typeof ways)[]

    it.each(names)('fails without the hook: %s', async (way) => {
      const pool = poolAt()
      await lose(pool, way)
      const lost = await outcome(pool.query('SELECT 1'))
      expect(lost).toMatch(/^(PROTOCOL_CONNECTION_LOST|ECONNRESET|EPIPE)$/)
    })

    it.each(names)('succeeds 20 of 20 after onTaskStart: %s', async (way) => {
      const pool = poolAt()
      await expectTwentyOk(
        mysql2Pool(pool),
        () => lose(pool, way),
        () => pool.query('SELECT 1'),
      )
    })

    it('succeeds 20 of 20 after onTaskStart, though the peer has vanished without a word', async () => {
      const line = await relay(server().port)
      onTestFinished(() => void line.close())
      const pool = poolAt(line.port)
      await expectTwentyOk(
        mysql2Pool(pool),
        () => warm(pool).then(line.vanish),
        () => pool.query('SELECT 1'),
        { isUsableTimeout: 100 },
      )
    })

    it('finds the usable connections where they were', async () => {
      const pool = poolAt()
      const lifecycle = createLifecycle()
      lifecycle.register(mysql2Pool(pool))
      const [dead, alive] = await warm(pool)
      killWhileBlocked([dead!])
      await lifecycle.onTaskStart()
      const [rows] = await pool.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id')
      expect(rows[0]!.id).toBe(alive)
    })

    it('goes through a pool with callbacks as well', async () => {
      const pool = createCallbackPool({ host: '127.0.0.1', port: server().port, user: 'root' })
      onTestFinished(() => pool.end())
      await warm(pool.promise() as Pool)
      const lifecycle = createLifecycle()
      const db = mysql2Pool(pool)
      lifecycle.register(db)
      killWhileBlocked([...db.idle()].map((connection) => (connection as unknown as PoolConnection).threadId))
      await lifecycle.onTaskStart()
      expect([...db.idle()]).toEqual([])
      const row = await withConnection(
        db,
        (connection) =>
          new Promise((resolve, reject) =>
            connection.query('SELECT 1 AS one', (error, rows) => (error ? reject(error) : resolve(rows))),
          ),
      )
      expect(row).toEqual([{ one: 1 }])
    })
  })

  describe('another task', () => {
    it('keeps its open transaction at the start of a task and at a fork', async () => {
      const pool = poolAt()
      const lifecycle = createLifecycle()
      lifecycle.register(mysql2Pool(pool))
      const connection = await pool.getConnection()
      await connection.beginTransaction()
      await connection.query("REPLACE INTO jobs VALUES (1, 'open')")
      killWhileBlocked((await warm(pool)).filter((id) => id !== connection.threadId))
      await lifecycle.onTaskStart()
      lifecycle.onFork()
      await connection.commit()
      connection.release()
      expect(server().ask('SELECT state FROM test.jobs WHERE id = 1')).toBe('open')
    })
  })

  describe('the connections of a fork', () => {
    it('are dropped without a word to the server', async () => {
      const pool = poolAt()
      const lifecycle = createLifecycle()
      const db = mysql2Pool(pool)
      lifecycle.register(db)
      await warm(pool)
      const streams = [...db.idle()].map(({ stream }) => stream as unknown as import('node:net').Socket)
      const written = streams.map(({ bytesWritten }) => bytesWritten)
      lifecycle.onFork()
      expect([...db.idle()]).toEqual([])
      expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true])
      await new Promise((done) => setTimeout(done, 50))
      expect(streams.map(({ bytesWritten }) => bytesWritten)).toEqual(written)
      expect(await outcome(pool.query('SELECT 1'))).toBe('ok')
    })
  })

  describe('the state of a job, written after a long transfer', () => {
    const move = async (during: () => void) => {
      const [from, to] = [memory(), memory()]
      await writeObject(from, 'key', Buffer.alloc(100_000))
      let waited = false
      await transfer(from.source('key'), to.sink('key'), {
        onProgress() {
          if (!waited) during()
          waited = true
        },
      })
    }

    it('is lost with a connection that was held, which has not even a code for it', async () => {
      const connection = await poolAt().getConnection()
      await move(() => killWhileBlocked([connection.threadId]))
      const failure = await connection.query("REPLACE INTO jobs VALUES (2, 'done')").catch((error) => error)
      expect(failure).toMatchObject({ message: expect.stringContaining('closed state'), fatal: true })
      expect(failure.code).toBeUndefined()
      connection.destroy()
    })

    it('arrives through a connection that is taken when it is needed', async () => {
      const pool = poolAt()
      const db = mysql2Pool(pool)
      for (let nth = 0; nth < 20; nth += 1) {
        const state = `done ${nth}`
        await warm(pool)
        const id = await withConnection(db, async (connection) => {
          await connection.query("REPLACE INTO jobs VALUES (3, 'moving')")
          return connection.threadId
        })
        await move(() => killWhileBlocked([id, ...threadIds(pool)]))
        await withConnection(db, (connection) => connection.query('REPLACE INTO jobs VALUES (3, ?)', [state]))
        expect(server().ask('SELECT state FROM test.jobs WHERE id = 3')).toBe(state)
      }
    })

    it('costs no connection of the pool when it fails', async () => {
      const pool = poolAt()
      const db = mysql2Pool(pool)
      const [, id] = await warm(pool)
      await expect(withConnection(db, (connection) => connection.query('NONSENSE'))).rejects.toMatchObject({
        code: 'ER_PARSE_ERROR',
      })
      expect(threadIds(pool)).toContain(id)
      await expect(
        withConnection(db, async (connection) => {
          killWhileBlocked([connection.threadId])
          await connection.query('SELECT 1')
        }),
      ).rejects.toThrow()
      expect(threadIds(pool)).toHaveLength(1)
    })

    it('fails with CONNECTION where no connection answers', async () => {
      const dead = { isUsable: async () => false, release() {}, discard() {}, connection: undefined }
      const pool = { name: 'dead', take: async () => dead }
      await expect(withConnection(pool, () => 1)).rejects.toMatchObject({
        code: 'CONNECTION',
        retry: 'temporary',
      })
    })
  })

  const threadIds = (pool: Pool) =>
    [...mysql2Pool(pool).idle()].map((connection) => (connection as unknown as PoolConnection).threadId)
})
