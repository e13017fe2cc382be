import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cosServer, s3Server } from 'sluiceway/testing'

/** An S3 server with an object in it and a COS server, in a process of their own: their memory is not the worker's. */
const size = Number(process.argv[2])
const dir = await mkdtemp(join(tmpdir(), 'sluiceway-demo-'))
const s3 = await s3Server({ storage: 'discard' })
const cos = await cosServer({ storage: { dir } })
s3.addSynthetic('in/big.mov', size, { seed: 1 })

process.send?.({
  s3: { endpoint: s3.url, bucket: s3.bucket, credentials: s3.credentials },
  cos: { endpoint: cos.url, bucket: cos.bucket, region: 'ap-guangzhou', credentials: cos.credentials },
})
process.on('disconnect', async () => {
  await Promise.all([s3.close(), cos.close()])
  await rm(dir, { recursive: true, force: true })
  process.exit()
})
