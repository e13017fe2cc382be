import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3'
import COS from 'cos-nodejs-sdk-v5'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { disk } from 'sluiceway/disk'
import { memory } from 'sluiceway/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { TransferError } from '../../src/contract/errors'
import type { Json, NewObject, WriteSession } from '../../src/contract/sink'
import type { Store } from '../../src/contract/store'
import { encodeCheckpoint } from '../../src/resume/checkpoint'
import { memoryCheckpoints } from '../../src/resume/memory-checkpoints'
import { type SweepOptions, sweep } from '../../src/resume/sweep'
import { cosServer, s3Server } from '../../src/testing/servers'
import { checkpoint } from './checkpoints'

const object: NewObject = { attributes: {}, createOnly: false }
const hour = 3_600_000
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

const begin = (store: Store, key: string) => store.sink(key).begin(object)
const write = (session: WriteSession, size = 10) =>
  session.writePart(
    { index: 0, start: 0, size },
    {
      size,
      async open() {
        return (async function* () {
          yield Buffer.alloc(size)
        })()
      },
    },
  )
const keys = (uploads: readonly { readonly key: string }[]) => uploads.map(({ key }) => key).sort()

async function failureOf(work: Promise<unknown>): Promise<TransferError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!TransferError.is(error)) throw new Error(`Not a TransferError: ${String(error)}`)
  return error
}

/** As a transfer of another process leaves it. */
async function checkpointOf(session: Json) {
  const store = memoryCheckpoints()
  const source = { location: 'disk:/in/a', version: '1' }
  await store.save('job-1', encodeCheckpoint(checkpoint({ source, session })))
  return { store, ids: ['job-1', 'job-that-never-was'] }
}

interface Backend {
  readonly store: Store
  /** Begins an upload that sluiceway knows nothing of. */
  foreign(key: string): Promise<string>
  state(key: string, uploadId: string): Json
  uploads(): string[]
}

const backends: Record<string, () => Promise<Backend>> = {
  async ceph() {
    const server = await s3Server()
    const { bucket, url: endpoint, credentials } = server
    const store = ceph({ bucket, endpoint, credentials })
    const client = new S3Client({ endpoint, credentials, region: 'default', forcePathStyle: true })
    cleanups.push(
      () => server.close(),
      () => store.close(),
      () => client.destroy(),
    )
    return {
      store,
      foreign: async (Key) =>
        (await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }))).UploadId!,
      state: (key, uploadId) => ({ key, uploadId, bucket }),
      uploads: () =>
        server
          .uploads()
          .map(({ key }) => key)
          .sort(),
    }
  },
  async cos() {
    const server = await cosServer()
    const { bucket, url: endpoint, credentials } = server
    const region = 'ap-guangzhou'
    const store = cos({ bucket, region, endpoint, credentials })
    const { secretId: SecretId, secretKey: SecretKey } = credentials
    const client = new COS({ SecretId, SecretKey, Protocol: 'http:', Domain: server.host })
    cleanups.push(
      () => server.close(),
      () => store.close(),
    )
    return {
      store,
      foreign: async (Key) => (await client.multipartInit({ Bucket: bucket, Region: region, Key })).UploadId,
      state: (key, uploadId) => ({ key, uploadId, bucket }),
      uploads: () =>
        server
          .uploads()
          .map(({ key }) => key)
          .sort(),
    }
  },
}

describe.each(Object.entries(backends))('a sweep of %s', (_, backend) => {
  it('aborts the uploads of this process and leaves those of others, which it reports', async () => {
    const { store, foreign, uploads } = await backend()
    await begin(store, 'ours/a b+ü')
    await foreign('ours/theirs')
    const { aborted, kept, failed } = await sweep(store, { olderThan: 0 })
    expect(keys(aborted)).toEqual(['ours/a b+ü'])
    expect(kept).toMatchObject([{ key: 'ours/theirs', reason: 'unknown' }])
    expect(failed).toEqual([])
    expect(uploads()).toEqual(['ours/theirs'])
  })

  it('knows the uploads of other processes by their checkpoints', async () => {
    const { store, foreign, state, uploads } = await backend()
    const uploadId = await foreign('killed')
    await foreign('killed')
    const checkpoints = await checkpointOf(state('killed', uploadId))
    const { aborted, kept } = await sweep(store, { olderThan: 0, checkpoints })
    expect(aborted).toMatchObject([{ key: 'killed', uploadId }])
    expect(kept).toMatchObject([{ key: 'killed', reason: 'unknown' }])
    expect(uploads()).toEqual(['killed'])
  })

  it('takes no upload of another bucket or key for one that a checkpoint names', async () => {
    const { store, foreign, state } = await backend()
    const uploadId = await foreign('killed')
    for (const other of [
      state('other', uploadId),
      { ...(state('killed', uploadId) as object), bucket: 'elsewhere' },
    ]) {
      const checkpoints = await checkpointOf(other)
      expect((await sweep(store, { olderThan: 0, checkpoints })).aborted).toEqual([])
    }
  })

  it('aborts what the caller vouches for, and asks of nothing else', async () => {
    const { store, foreign, uploads } = await backend()
    await begin(store, 'known')
    await foreign('in/a')
    await foreign('out/b')
    const asked: string[] = []
    const isOurs: SweepOptions['isOurs'] = ({ key }) => {
      asked.push(key)
      return key.startsWith('in/')
    }
    const { aborted } = await sweep(store, { olderThan: 0, isOurs })
    expect(keys(aborted)).toEqual(['in/a', 'known'])
    expect(asked).toEqual(['in/a', 'out/b'])
    expect(uploads()).toEqual(['out/b'])
  })

  it('leaves young ones alone, and in a dry run all of them', async () => {
    const { store, uploads } = await backend()
    await begin(store, 'a')
    expect(await sweep(store, { olderThan: hour })).toMatchObject({
      aborted: [],
      kept: [{ key: 'a', reason: 'young' }],
    })
    expect(keys((await sweep(store, { olderThan: 0, dryRun: true })).aborted)).toEqual(['a'])
    expect(uploads()).toEqual(['a'])
  })

  it('finds them beyond the first page', async () => {
    const { store, foreign, uploads } = await backend()
    for (let batch = 0; batch < 1005; batch += 67)
      await Promise.all(Array.from({ length: 67 }, (_, n) => foreign(`many/${batch + n}`)))
    const { aborted } = await sweep(store, { olderThan: 0, isOurs: () => true })
    expect(aborted).toHaveLength(1005)
    expect(uploads()).toEqual([])
  }, 120_000)

  it('reports what could not be aborted and goes on', async () => {
    const { store, uploads } = await backend()
    await begin(store, 'a')
    await begin(store, 'b')
    const broken: Store = Object.assign(Object.create(store) as Store, {
      async *unfinished(context: object) {
        for await (const found of (
          store as never as { unfinished(c: object): AsyncIterable<object> }
        ).unfinished(context)) {
          const { key } = found as { key: string }
          const abort = async () => {
            throw new TransferError('CONNECTION', 'unplugged', { retry: 'temporary' })
          }
          yield key === 'a' ? { ...found, abort } : found
        }
      },
    })
    const { aborted, failed } = await sweep(broken, { olderThan: 0 })
    expect(keys(aborted)).toEqual(['b'])
    expect(failed).toMatchObject([{ key: 'a', error: { code: 'CONNECTION' } }])
    expect(uploads()).toEqual(['a'])
  })
})

describe('a sweep of a disk', () => {
  const age = (path: string) => utimesSync(path, new Date(), new Date(Date.now() - 2 * hour))
  const tree = async (root: string) =>
    (await readdir(root, { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name)
      .sort()

  function folder(): string {
    const root = mkdtempSync(join(tmpdir(), 'sweep-'))
    cleanups.push(() => rmSync(root, { recursive: true, force: true }))
    return root
  }

  it('removes old staged files with their journals, in all folders, and nothing else', async () => {
    const root = folder()
    const store = disk({ root })
    cleanups.push(() => store.close())
    const sessions = await Promise.all(['a', 'x/y/b', 'x/young'].map((key) => begin(store, key)))
    await Promise.all(sessions.map((session) => write(session)))
    const [young] = (sessions[2]!.state as { staged: string }).staged.match(/[^/]*$/)!
    const others = [
      '.sluiceway-notes',
      '.sluiceway-0123456789abcdef.part',
      '.sluiceway-0123456789abcdeg.a.part',
      '.sluiceway-0123456789abcdef.a.part.txt',
      'old',
    ]
    for (const name of others) writeFileSync(join(root, name), 'precious')
    for (const name of await readdir(root, { recursive: true })) age(join(root, name))
    utimesSync(join(root, 'x', young), new Date(), new Date())

    const dry = await sweep(store, { olderThan: hour, dryRun: true })
    const { aborted, kept } = await sweep(store, { olderThan: hour })
    expect(aborted).toEqual(dry.aborted)
    expect(keys(aborted)).toEqual(['a', 'x/y/b'])
    expect(aborted.map(({ uploadId }) => uploadId).sort()).toEqual(
      sessions
        .slice(0, 2)
        .map(({ state }) => (state as { staged: string }).staged)
        .sort(),
    )
    expect(kept).toMatchObject([{ key: 'x/young', reason: 'young' }])
    expect(await tree(root)).toEqual([...others, young, young.replace(/part$/, 'journal')].sort())
    expect(await failureOf(disk({ root }).sink('a').resume!(sessions[0]!.state, object))).toMatchObject({
      code: 'SESSION_LOST',
    })
  })

  it('removes a journal whose staged file is gone', async () => {
    const root = folder()
    writeFileSync(join(root, '.sluiceway-0123456789abcdef.a.journal'), '')
    expect((await sweep(disk({ root }), { olderThan: hour })).kept).toHaveLength(1)
    age(join(root, '.sluiceway-0123456789abcdef.a.journal'))
    expect(keys((await sweep(disk({ root }), { olderThan: hour })).aborted)).toEqual(['a'])
    expect(await tree(root)).toEqual([])
  })

  it('keeps what was taken up since it was seen', async () => {
    const root = folder()
    const [store, other] = [disk({ root }), disk({ root })]
    cleanups.push(() => Promise.all([store.close(), other.close()]))
    const session = await begin(store, 'a')
    const receipt = await write(session)
    const uploads = []
    for await (const found of store.unfinished({})) uploads.push(found)
    const resumed = await other.sink('a').resume!(session.state, object)
    for (const found of uploads) await found.abort({})
    await resumed.commit([receipt])
    expect(await tree(root)).toEqual(['a'])
  })

  it('does not leave the root through a symlink', async () => {
    const [root, outside] = [folder(), folder()]
    mkdirSync(join(outside, 'x'))
    const staged = join(outside, 'x', '.sluiceway-0123456789abcdef.a.part')
    writeFileSync(staged, 'precious')
    age(staged)
    symlinkSync(outside, join(root, 'folder'))
    symlinkSync(staged, join(root, '.sluiceway-0123456789abcdef.b.part'))
    expect(await sweep(disk({ root }), { olderThan: 0 })).toEqual({ aborted: [], kept: [], failed: [] })
    expect(await tree(outside)).toHaveLength(1)
  })

  it('finds nothing where the root does not exist yet', async () => {
    expect((await sweep(disk({ root: join(folder(), 'not/yet') }), { olderThan: 0 })).aborted).toEqual([])
  })
})

describe('a sweep of a memory store', () => {
  it('ends the sessions that are old enough', async () => {
    const store = memory()
    const session = await begin(store, 'a')
    expect((await sweep(store, { olderThan: hour })).kept).toMatchObject([{ key: 'a', reason: 'young' }])
    expect(keys((await sweep(store, { olderThan: 0 })).aborted)).toEqual(['a'])
    expect(store.uploads()).toEqual([])
    expect(await failureOf(write(session))).toMatchObject({ code: 'SESSION_LOST' })
  })
})

describe('sweep()', () => {
  it.each([
    ['olderThan', {}],
    ['olderThan', { olderThan: -1 }],
    ['olderThan', { olderThan: Number.NaN }],
    ['dryrun', { olderThan: 0, dryrun: true }],
    ['dryRun', { olderThan: 0, dryRun: 'no' }],
    ['isOurs', { olderThan: 0, isOurs: true }],
    ['checkpoints', { olderThan: 0, checkpoints: memoryCheckpoints() }],
    ['checkpoints', { olderThan: 0, checkpoints: { store: memoryCheckpoints(), ids: 'job' } }],
    ['signal', { olderThan: 0, signal: {} }],
  ])('refuses a wrong %s before it touches anything', async (option, options) => {
    const store = memory()
    await begin(store, 'a')
    expect(await failureOf(sweep(store, options as never))).toMatchObject({
      code: 'INVALID_OPTION',
      context: { option },
    })
    expect(store.uploads()).toEqual(['a'])
  })

  it('refuses a store that cannot tell what is half-written in it', async () => {
    const { unfinished: _, ...store } = memory()
    expect(await failureOf(sweep(store, { olderThan: 0 }))).toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('ends when the signal fires, even where the store never answers', async () => {
    const stop = new AbortController()
    const silent = Object.assign(memory(), {
      unfinished: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }),
    })
    const sweeping = failureOf(sweep(silent, { olderThan: 0, signal: stop.signal }))
    stop.abort(new Error('enough'))
    expect(await sweeping).toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } })
  })
})
