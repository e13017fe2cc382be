import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Upload } from '@aws-sdk/lib-storage'
import { measure, setting } from './measure.mjs'
import { produce } from './produce.mjs'
import { openObject, s3Client } from './sdk.mjs'

/** From an object, a file, or a stream of which nobody knows the length. */
const { from, to, size, partSize, concurrency } = setting
const client = s3Client(to.options)

async function body() {
  if (!from) return Readable.from(produce(size))
  if (from.kind === 'disk') return createReadStream(join(from.options.root, from.key))
  return openObject(s3Client(from.options), from)
}

await measure(async () => {
  const params = { Bucket: to.options.bucket, Key: to.key, Body: await body() }
  await new Upload({ client, partSize, queueSize: concurrency, params }).done()
})
process.exit()
