import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { cosServer, s3Server } from 'sluiceway/testing'
import { beforeAll, expect, it } from 'vitest'
import { buildPackage, packageRoot } from '../built-package'
import { describeWithRedis } from '../redis/real-redis'
import { MiB } from './stage'

const size = 40 * MiB

describeWithRedis('the example of a BullMQ worker', (redis) => {
  beforeAll(buildPackage)

  it.each(['', 'process', 'thread'])(
    'moves what is enqueued, and leaves on SIGTERM (sandbox: %o)',
    async (sandbox) => {
      await using s3 = await s3Server({ storage: 'discard' })
      await using server = await cosServer({ storage: 'discard' })
      await s3.addSynthetic('in/big.mov', size)
      const env = {
        ...process.env,
        NODE_OPTIONS: '',
        NODE_NO_WARNINGS: '1',
        SANDBOX: sandbox,
        REDIS_SOCKET: redis().path,
        CEPH_ENDPOINT: s3.url,
        CEPH_BUCKET: s3.bucket,
        CEPH_ACCESS_KEY: s3.credentials.accessKeyId,
        CEPH_SECRET_KEY: s3.credentials.secretAccessKey,
        COS_ENDPOINT: server.url,
        COS_BUCKET: server.bucket,
        COS_REGION: 'ap-guangzhou',
        COS_SECRET_ID: server.credentials.secretId,
        COS_SECRET_KEY: server.credentials.secretKey,
      }
      const worker = spawn(process.execPath, ['examples/bullmq/worker.mjs'], { cwd: packageRoot, env })
      const said = textOf(worker)
      try {
        const enqueue = ['examples/bullmq/enqueue.mjs', 'in/big.mov', '2026/big.mov']
        const { stdout } = await promisify(execFile)(process.execPath, enqueue, { cwd: packageRoot, env })
        expect(stdout).toMatch(new RegExp(`^${size} of ${size} bytes$`, 'm'))
        expect(stdout).toMatch(new RegExp(`^done: ${size} bytes, crc64 \\d+, verified size, `, 'm'))
        expect(server.object('2026/big.mov')?.size).toBe(size)
        const exit = once(worker, 'exit')
        worker.kill('SIGTERM')
        expect(await exit, said()).toEqual([0, null])
        expect(said()).toMatch(new RegExp(`^\\d+: ${size} bytes, 0 of them not sent again$`, 'm'))
      } finally {
        worker.kill('SIGKILL')
      }
    },
  )
})

function textOf({ stdout, stderr }: ChildProcess): () => string {
  let text = ''
  for (const stream of [stdout, stderr]) {
    stream!.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
  }
  return () => text
}
