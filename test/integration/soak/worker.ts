import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { ceph } from '../../../src/adapters/ceph'
import { cos } from '../../../src/adapters/cos'
import { disk } from '../../../src/adapters/disk'
import { memory } from '../../../src/adapters/memory'
import { stream } from '../../../src/adapters/stream'
import type { Source } from '../../../src/contract/source'
import type { Store } from '../../../src/contract/store'
import { fileCheckpoints, TransferError, transfer } from '../../../src/index'
import type { TransferOptions } from '../../../src/transfer/options'
import { openHandles } from '../../support/handles'
import { seeded } from '../../support/seeded'
import {
  type Answer,
  earlierObject,
  type Place,
  type Question,
  type SoakObject,
  type SoakPlan,
  type SoakSample,
} from './plan'

const KiB = 1024
/** Small, so that most objects have several parts. */
const partSize = 128 * KiB
const limits = { minPartSize: 64 * KiB, maxPutSize: 64 * KiB }

const plan: SoakPlan = JSON.parse(process.env.SOAK_PLAN ?? '')
const random = seeded(plan.seed)
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
const chance = (probability: number) => random() < probability

const root = join(plan.folder, 'disk')
const s3 = ceph({ ...plan.s3, limits })
const tencent = cos({ ...plan.cos, region: 'ap-guangzhou', limits })
const files = disk({ root })
const checkpoints = fileCheckpoints(join(plan.folder, 'checkpoints'))

const outcomes: Record<string, number> = {}
const complaints: string[] = []
const named = new Set<string>()
let retries = 0
let resumedBytes = 0

process.on('unhandledRejection', (error) => complaints.push(`unhandled rejection: ${error}`))

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const asked = new Map<number, (sha256: string | null) => void>()
let questions = 0
process.on('message', ({ id, sha256 }: Answer) => {
  asked.get(id)?.(sha256)
  asked.delete(id)
})

function ask(question: Omit<Question, 'id'>): Promise<string | null> {
  questions += 1
  process.send?.({ ...question, id: questions })
  return new Promise((resolve) => asked.set(questions, resolve))
}

/** A destination of one transfer. */
interface Target {
  readonly store: Store
  readonly key: string
  prepare(): Promise<unknown>
  /** The digest of what stands there, null where nothing does. What does is removed. */
  look(): Promise<string | null>
}

function targetOf(place: Place, key: string): Target {
  if (place === 's3' || place === 'cos') {
    const store = place === 's3' ? s3 : tencent
    return {
      store,
      key,
      prepare: () => ask({ ask: 'prepare', place, key }),
      look: () => ask({ ask: 'look', place, key }),
    }
  }
  if (place === 'disk') {
    const path = join(root, key)
    return {
      store: files,
      key,
      prepare: () => writeFile(path, earlierObject),
      async look() {
        const found = await readFile(path).catch(() => undefined)
        await rm(path, { force: true })
        return found ? sha256(found) : null
      },
    }
  }
  // One of its own: it goes with the transfer.
  const store = memory()
  return {
    store,
    key,
    prepare: () => transfer(stream(oneChunk(earlierObject)), store.sink(key)),
    async look() {
      const hash = createHash('sha256')
      try {
        for await (const chunk of await store.source(key).open()) hash.update(chunk)
      } catch (error) {
        if (TransferError.is(error) && error.code === 'NOT_FOUND') return null
        throw error
      }
      return hash.digest('hex')
    },
  }
}

async function* oneChunk(bytes: Uint8Array) {
  yield bytes
}

/** @param opened gets what the caller has to close */
async function sourceOf(place: Place | 'stream', object: SoakObject, opened: Readable[]): Promise<Source> {
  if (place === 's3') return s3.source(object.key)
  if (place === 'cos') return tencent.source(object.key)
  if (place === 'disk') return files.source(object.key)
  const path = join(root, object.key)
  if (place === 'stream') {
    const readable = createReadStream(path)
    opened.push(readable)
    return stream(readable, chance(0.5) ? { size: object.size } : {})
  }
  const store = memory()
  await transfer(files.source(object.key), store.sink(object.key))
  return store.source(object.key)
}

async function one(number: number): Promise<void> {
  const from = pick(['s3', 'cos', 'disk', 'memory', 'stream'] as const)
  const to = pick(['s3', 'cos', 'disk', 'memory'] as const)
  const object = pick(plan.objects)
  const target = targetOf(to, `out-${number}`)
  const exists = chance(0.2)
  const resumable = from !== 'stream' && chance(0.4)
  const events: string[] = []
  const opened: Readable[] = []
  const options: TransferOptions = {
    partSize,
    concurrency: pick([1, 2, 4]),
    verify: pick(['attested', 'end-to-end'] as const),
    ifExists: chance(0.2) ? 'fail' : 'overwrite',
    retry: { retries: 6, minDelay: 2, maxDelay: 50 },
    timeouts: { idle: 2000 },
    onEvent: (event) => {
      if (event.type !== 'part' && event.type !== 'plan') {
        events.push(
          'error' in event ? `${event.type} ${event.error.code}: ${event.error.message}` : event.type,
        )
      }
    },
    ...(resumable && { checkpoint: { store: checkpoints, id: `transfer-${number}`, grace: 50 } }),
  }
  const abortAfter = chance(0.15) ? Math.floor(random() * 60) : undefined
  if (exists) await target.prepare()

  let outcome = await attempt(await sourceOf(from, object, opened), target, options, abortAfter)
  // The next instance goes on from there.
  if (outcome !== 'success' && resumable)
    outcome = await attempt(await sourceOf(from, object, opened), target, options)

  // A transfer that fails before it reads leaves a stream to whoever made it.
  for (const readable of opened) readable.destroy()
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  const found = await target.look()
  const before = exists ? sha256(earlierObject) : null
  const right = { success: [object.sha256], OUTCOME_UNKNOWN: [object.sha256, before] }[outcome] ?? [before]
  if (!right.includes(found)) {
    const what = found === object.sha256 ? 'the new object' : found === before ? 'the earlier one' : found
    const how = JSON.stringify({ size: object.size, exists, abortAfter, ...options, checkpoint: resumable })
    complaints.push(
      `${number}, ${from} to ${to}: ${outcome}, but there is ${what}. ${how} ${events.join('; ')}`,
    )
  }
  if (to === 'memory') await target.store.close()
}

async function attempt(source: Source, target: Target, options: TransferOptions, abortAfter?: number) {
  const stop = new AbortController()
  const timer =
    abortAfter === undefined ? undefined : setTimeout(() => stop.abort(new Error('stop')), abortAfter)
  try {
    const result = await transfer(source, target.store.sink(target.key), { ...options, signal: stop.signal })
    retries += result.retries
    resumedBytes += result.resumedBytes
    return 'success'
  } catch (error) {
    if (!TransferError.is(error)) {
      complaints.push(`rejected with ${error}`)
      return 'other'
    }
    const { uploadId } = error.context
    if (typeof uploadId === 'string') named.add(uploadId)
    return error.code
  } finally {
    clearTimeout(timer)
  }
}

async function sample(transfers: number): Promise<SoakSample> {
  for (let count = 0; count < 3; count += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc?.()
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  const { sockets, files: open, active } = openHandles()
  // External counts the buffers, whatever made them.
  return { transfers, memory: heapUsed + external, rss, sockets, files: open.length, active }
}

await mkdir(root, { recursive: true })
const samples: SoakSample[] = []
for (let done = 0; done < plan.transfers; done += plan.block) {
  let next = done
  const lane = async () => {
    while (next < done + plan.block) {
      next += 1
      await one(next)
    }
  }
  await Promise.all(Array.from({ length: plan.concurrency }, lane))
  samples.push(await sample(done + plan.block))
}
await Promise.all([s3.close(), tencent.close(), files.close()])
const closed = await sample(plan.transfers)
process.send?.({ samples, closed, outcomes, complaints, named: [...named], retries, resumedBytes }, () =>
  process.disconnect(),
)
