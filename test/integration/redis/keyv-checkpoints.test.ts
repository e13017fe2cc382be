import KeyvRedis from '@keyv/redis'
import { Keyv } from 'keyv'
import { keyvCheckpoints } from 'sluiceway'
import { afterEach, expect, it } from 'vitest'
import { describeWithRedis } from './real-redis'

describeWithRedis('checkpoints in a real Redis', (redis) => {
  const opened: Keyv[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((keyv) => keyv.disconnect()))
  })

  function open() {
    const socket = { path: redis().path, reconnectStrategy: false as const }
    // Both have to be told: otherwise the one that is not takes the other's error for nothing found.
    const store = new KeyvRedis({ socket }, { throwOnErrors: true })
    const keyv = new Keyv({ store, throwOnErrors: true })
    // Without a listener Keyv's complaint about a lost connection would end the process.
    keyv.on('error', () => {})
    opened.push(keyv)
    return keyvCheckpoints(keyv)
  }

  it('are read by another connection as they were saved, under whatever id', async () => {
    const checkpoint = { format: 1, list: [1, 'zwei', null], nested: { text: '目录' } }
    const ids = ['job-1', '', 'a/b:c*', '任务', 'x'.repeat(5000)]
    for (const id of ids) await open().save(id, { ...checkpoint, id })
    for (const id of ids) expect(await open().load(id)).toEqual({ ...checkpoint, id })
    for (const id of ids) await open().delete(id)
    for (const id of ids) expect(await open().load(id)).toBeUndefined()
    expect(await redis().command('dbsize')).toBe('0')
  })

  it('are deleted where there are none', async () => {
    await expect(open().delete('never saved')).resolves.toBeUndefined()
  })

  it('fail as a TransferError once the server is gone, instead of looking like none', async () => {
    const store = open()
    await store.save('job-2', { some: 'thing' })
    await redis().kill()
    const works = [() => store.load('job-2'), () => store.save('job-2', {}), () => store.delete('job-2')]
    for (const work of works) {
      await expect(work()).rejects.toMatchObject({ name: 'TransferError', code: 'SINK_FAILED' })
    }
  })
})
