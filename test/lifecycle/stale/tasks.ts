import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ceph } from '../../../src/adapters/ceph'
import { cos } from '../../../src/adapters/cos'
import type { Source } from '../../../src/contract/source'
import { createLifecycle } from '../../../src/lifecycle'
import { transfer } from '../../../src/transfer/transfer'
import { partSize, type TasksOptions, type TasksResult } from './protocol'

async function run(options: TasksOptions): Promise<TasksResult> {
  const lifecycle = createLifecycle()
  const store = storeOf(options)
  const neighbours = options.large === undefined ? undefined : await startNeighbours(options.large)
  const outcomes: string[] = []
  const standstills: number[] = []
  for (let round = 0; round < options.rounds; round += 1) {
    await upload('warm')
    const started = Date.now()
    standStill(round)
    standstills.push(Date.now() - started)
    if (options.hook) await lifecycle.onTaskStart()
    outcomes.push(
      await upload('task').then(
        () => 'ok',
        (error) => error.code,
      ),
    )
  }
  const result = { outcomes, standstills, ...(await neighbours?.()) }
  await store.close()
  return result

  function storeOf({ kind, endpoint, bucket, credentials }: TasksOptions) {
    if (kind === 'ceph') return ceph({ bucket, endpoint, credentials: credentials as never, lifecycle })
    return cos({ bucket, endpoint, region: 'ap-guangzhou', credentials: credentials as never, lifecycle })
  }

  /** A streamed upload of two parts, each request tried once. */
  function upload(key: string) {
    const retry = { retries: key === 'warm' ? 3 : 0 }
    return transfer(sourceOf(2 * partSize), store.sink(key), { partSize, retry })
  }

  /** The timers and sockets of this process do nothing until the other one says so. */
  function standStill(round: number): void {
    writeFileSync(join(options.dir, `still-${round}`), '')
    const never = new Int32Array(new SharedArrayBuffer(4))
    while (!existsSync(join(options.dir, `go-${round}`))) Atomics.wait(never, 0, 0, 5)
  }

  async function startNeighbours(large: string) {
    let goOn = () => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const uploading = transfer(sourceOf(partSize + 1, held, begin), store.sink('neighbour'), {
      partSize,
      concurrency: 1,
      timeouts: { idle: 120_000 },
    })
    const chunks = (await store.source(large).open())[Symbol.asyncIterator]()
    let downloaded = (await chunks.next()).value?.byteLength ?? 0
    await begun
    return async () => {
      goOn()
      const { bytes, retries } = await uploading
      for (let step = await chunks.next(); !step.done; step = await chunks.next()) {
        downloaded += step.value.byteLength
      }
      return { upload: { bytes, retries }, downloaded }
    }
  }
}

/** So many bytes; with `held`, the second MiB comes only then. */
function sourceOf(size: number, held?: Promise<void>, begun = () => {}): Source {
  const chunk = Buffer.alloc(1024 ** 2, 'sluiceway')
  return {
    location: 'generated',
    stat: async () => ({ key: 'generated', size, version: '1' }),
    async open(range = { start: 0, end: size }) {
      return (async function* () {
        for (let at = range.start; at < range.end; at += chunk.length) {
          yield chunk.subarray(0, range.end - at)
          begun()
          await held
        }
      })()
    },
  }
}

process.once('message', async (options: TasksOptions) => {
  process.send?.(await run(options))
  process.disconnect()
})
