import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3'
import COS from 'cos-nodejs-sdk-v5'
import { fileCheckpoints, sweep } from 'sluiceway'
import { cos } from 'sluiceway/cos'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Store } from '../../../src/contract/store'
import { buildPackage } from '../built-package'
import { describeWithCeph } from '../real-ceph'
import { cephStore, MiB } from '../stores'
import { attempt, type End } from './attempt'
import { cephEnd, openScene, type Scene, sha256At, sha256OfStaged, stage } from './scene'

const size = 48 * MiB

describeWithCeph('a sweep after a worker was killed', (gateway) => {
  let scene: Scene
  beforeAll(async () => {
    await buildPackage()
    scene = await openScene()
    await stage.cos(scene, 'in', size)
    await stage.disk(scene, 'in', size)
  })
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]()
  })

  interface Side {
    readonly from: End
    readonly to: End
    readonly store: Store
    /** Begins an upload that is none of ours. */
    foreign(): Promise<unknown>
    /** Keys of the uploads under way, in order. */
    uploads(): Promise<string[]>
  }

  const ceph = (): Side => ({
    from: scene.cos.end('in'),
    to: cephEnd(gateway, 'swept'),
    store: cephStore(gateway),
    async foreign() {
      const { endpoint, credentials } = gateway
      const client = new S3Client({ endpoint, credentials, region: 'default', forcePathStyle: true })
      await client.send(new CreateMultipartUploadCommand({ Bucket: gateway.bucket, Key: 'theirs' }))
      client.destroy()
    },
    uploads: async () => (await gateway.listUploads(gateway.bucket)).map(({ key }) => key).sort(),
  })

  const tencent = (): Side => ({
    from: scene.diskEnd('in'),
    to: scene.cos.end('swept'),
    store: cos(scene.cos.options),
    async foreign() {
      const { secretId: SecretId, secretKey: SecretKey } = scene.cos.credentials
      const client = new COS({ SecretId, SecretKey, Protocol: 'http:', Domain: new URL(scene.cos.url).host })
      await client.multipartInit({ Bucket: scene.cos.bucket, Region: 'ap-guangzhou', Key: 'theirs' })
    },
    uploads: async () => (await scene.cos.ask.uploads()).sort(),
  })

  it.each([
    ['real Ceph', ceph],
    ['COS', tencent],
  ])('of %s aborts the upload its checkpoint names and keeps that of others', async (_, side) => {
    const { from, to, store, foreign, uploads } = side()
    const id = `to ${to.kind}`
    const job = { from, to, id, checkpoints: { dir: scene.checkpoints }, options: { partSize: 5 * MiB } }
    await scene.cos.ask.limit(24 * MiB)
    const worker = attempt(job)
    await Promise.race([scene.cos.ask.reach((await scene.cos.ask.moved()) + 12 * MiB), worker.ended])
    worker.kill('SIGKILL')
    expect(await worker.ended).toMatchObject({ signal: 'SIGKILL' })
    await scene.cos.ask.limit()
    await foreign()
    expect(await uploads()).toEqual(['swept', 'theirs'])

    const checkpoints = { store: fileCheckpoints(scene.checkpoints), ids: [id] }
    const expected = { aborted: [{ key: 'swept' }], kept: [{ key: 'theirs', reason: 'unknown' }], failed: [] }
    expect(await sweep(store, { olderThan: 0, checkpoints, dryRun: true })).toMatchObject(expected)
    expect(await uploads()).toEqual(['swept', 'theirs'])
    const patient = await sweep(store, { olderThan: 3_600_000, checkpoints })
    expect(patient).toMatchObject({ aborted: [], kept: [{ reason: 'young' }, { reason: 'unknown' }] })
    expect(await uploads()).toEqual(['swept', 'theirs'])
    expect(await sweep(store, { olderThan: 0, checkpoints })).toMatchObject(expected)
    expect(await uploads()).toEqual(['theirs'])
    await store.close()

    // The checkpoint is none the wiser, and the next worker finds out by itself.
    const next = await attempt(job).ended
    expect(next, next.stderr).toMatchObject({ code: 0, result: { bytes: size, resumedBytes: 0 } })
    expect(next.events).toContainEqual(expect.objectContaining({ type: 'restart', reason: 'session' }))
    expect(await sha256At(to)).toBe(await sha256OfStaged(size))
    expect(await uploads()).toEqual(['theirs'])
  })
})
