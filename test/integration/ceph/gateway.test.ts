import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { settled } from '../../support/handles'
import { describeWithCeph } from '../real-ceph'
import { type Gateway, type GatewayFacts, startGateway } from './gateway'
import { runScript } from './script'

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const clientOf = ({ endpoint, credentials }: Pick<Gateway, 'endpoint' | 'credentials'>): S3Client =>
  new S3Client({ endpoint, credentials, region: 'default', forcePathStyle: true })

describeWithCeph('the shared test gateway', (ceph) => {
  it('lists every upload under way, beyond one page of a thousand', async () => {
    const client = clientOf(ceph)
    const begin = (index: number) =>
      client.send(new CreateMultipartUploadCommand({ Bucket: ceph.bucket, Key: `key-${index % 7}` }))
    const begun: (string | undefined)[] = []
    for (let index = 0; index < 1010; index += 10) {
      const batch = await Promise.all(Array.from({ length: 10 }, (_, offset) => begin(index + offset)))
      begun.push(...batch.map((upload) => upload.UploadId))
    }
    const listed = await ceph.listUploads(ceph.bucket)
    expect(listed.map((upload) => upload.uploadId).sort()).toEqual(begun.sort())
    client.destroy()
  })
})

describeWithCeph('a gateway of a test’s own', () => {
  let own: Gateway
  beforeAll(async () => {
    own = await startGateway({ memoryBytes: 512 * 1024 ** 2, rgw: { rgw_multipart_min_part_size: 1024 } })
  })
  afterAll(() => own?.stop())

  it('runs beside the shared one and keeps its objects when it is killed and started again', async () => {
    const client = clientOf(own)
    await own.createBucket('kept')
    await own.createBucket('kept')
    await client.send(new PutObjectCommand({ Bucket: 'kept', Key: 'a', Body: 'some bytes' }))
    await own.kill()
    await expect(fetch(own.endpoint)).rejects.toThrow()
    await own.restart()
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'kept', Key: 'a' }))
    expect(await Body!.transformToString()).toBe('some bytes')
    client.destroy()
  })

  it('is the same one when it is started again in its folder', async () => {
    const facts = JSON.parse(await runScript(['start', '--dir', own.facts.dir])) as GatewayFacts
    expect(facts.pids.mon).toBe(own.facts.pids.mon)
    expect(facts.endpoint).toBe(own.endpoint)
  })

  it('gives the space of deleted objects back', async () => {
    const client = clientOf(own)
    await own.createBucket('emptied')
    const body = Buffer.alloc(64 * 1024 ** 2, 1)
    const before = await own.usedBytes()
    await client.send(new PutObjectCommand({ Bucket: 'emptied', Key: 'a', Body: body }))
    await client.send(new PutObjectCommand({ Bucket: 'emptied', Key: 'a', Body: 'short' }))
    await own.collectGarbage()
    await settled(async () => expect(await own.usedBytes()).toBeLessThan(before + 1024 ** 2), 30_000)
    client.destroy()
  })

  it('is replaced where one of its daemons has died', async () => {
    process.kill(own.facts.pids.osd, 'SIGKILL')
    const { dir, pids } = own.facts
    // It takes the kernel a moment to take back the memory of a killed daemon, which counts as running until then.
    await settled(() => !alive(pids.osd), 30_000)
    own = await startGateway({ dir, memoryBytes: 512 * 1024 ** 2 })
    expect(own.facts.pids.mon).not.toBe(pids.mon)
    // The daemons it ended have to be reaped before they are gone.
    await settled(() => expect(Object.values(pids).filter(alive)).toEqual([]), 30_000)
    await own.createBucket('new')
  })

  it('ends, with its folder, when the process that owns it is killed', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sluiceway-ceph-'))
    const owner = spawn('sleep', ['600'])
    const { pids } = JSON.parse(
      await runScript(['start', '--dir', dir, '--owner', `${owner.pid}`]),
    ) as GatewayFacts
    expect(Object.values(pids).every(alive)).toBe(true)
    owner.kill('SIGKILL')
    await settled(() => Object.values(pids).every((pid) => !alive(pid)) && !existsSync(dir), 30_000)
  })

  it('will not take a folder that holds other things', async () => {
    await expect(runScript(['start', '--dir', import.meta.dirname])).rejects.toThrow('holds other things')
    await expect(runScript(['stop', '--dir', import.meta.dirname])).rejects.toThrow('holds other things')
  })
})
