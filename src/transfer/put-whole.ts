import { hash } from 'node:crypto'
import type { Sink } from '../contract/sink'
import type { ObjectInfo } from '../contract/source'
import { bodyDigester } from '../integrity/body-digester'
import { crc64 } from '../integrity/crc64'
import { checkUnchanged } from './commit'
import { conclude } from './ending/conclude'
import type { Concluded, Ending } from './ending/ending'
import { meterTask } from './parts/meter-task'
import type { PartTask } from './parts/part-task'
import type { Run } from './run'
import type { Verifier } from './verify/verifier'

/** Bytes of the largest object that goes in one request; below 0 where none does. */
export function largestPut({ put, capabilities }: Sink, budget: number): number {
  return put ? Math.min(capabilities?.maxPutSize ?? 0, budget) : -1
}

/**
 * Moves a small object whole: read into memory, checked, then sent in one request that the server refuses if a byte
 * of it is damaged. Its task holds the memory.
 */
export async function putWhole(
  run: Run,
  ending: Ending,
  task: PartTask,
  info: ObjectInfo,
  verifier: Verifier,
): Promise<Concluded> {
  const { index, start, size } = task
  const bytes = await readWhole(run, task)
  const computed = { crc64: crc64(bytes), md5: hash('md5', bytes) }
  verifier.checkSource(computed, bytes)
  // Bytes that came with the version itself are of it.
  if (!run.peeked?.sufficed) await checkUnchanged(run, info)
  const digests = run.options.verify === 'size' ? {} : computed
  const object = { ...ending.object, size }
  const concluded = await conclude(
    {
      run,
      operation: 'put',
      pending: { size, digests: computed, receipts: [] },
      ending,
      conclude(committed) {
        verifier.checkCommitted(size, computed, committed)
        return { committed, size, digests, parts: size > 0 ? 1 : 0 }
      },
    },
    ({ signal }) => run.sink.put!(object, bytes, computed, run.context(signal)),
  )
  run.progress.accepted()
  run.emit({ type: 'part', index, start, size })
  return concluded
}

/** Reads a whole object into memory, its size checked. */
export function readWhole(run: Run, task: PartTask): Promise<Uint8Array> {
  const progress = run.progress.part()
  const bytes = Buffer.allocUnsafeSlow(task.size)
  return run.request({ operation: 'part', side: 'source', index: task.index }, async (attempt) => {
    // It is digested when it is there, all at once.
    const body = meterTask(run, task, attempt, progress, (size) => bodyDigester([], size, 0))
    let filled = 0
    for await (const chunk of await body.open()) {
      bytes.set(chunk, filled)
      filled += chunk.byteLength
    }
    return bytes
  })
}
