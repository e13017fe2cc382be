import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { measure, setting } from './measure.mjs'
import { cosClient, openObject, s3Client } from './sdk.mjs'

/** One stream from its start to its end, as the guides of both SDKs show it. */
const { from, to } = setting
const { bucket: Bucket, region: Region } = from.options
const file = () => createWriteStream(join(to.options.root, to.key))

await measure(async () => {
  if (from.kind === 's3') await pipeline(await openObject(s3Client(from.options), from), file())
  else await cosClient(from.options).getObject({ Bucket, Region, Key: from.key, Output: file() })
})
process.exit()
