import { join } from 'node:path'
import { measure, setting } from './measure.mjs'
import { cosClient } from './sdk.mjs'

const { from, to, partSize, concurrency } = setting

await measure(() =>
  cosClient(to.options).sliceUploadFile({
    Bucket: to.options.bucket,
    Region: to.options.region,
    Key: to.key,
    FilePath: join(from.options.root, from.key),
    ChunkSize: partSize,
    AsyncLimit: concurrency,
  }),
)
process.exit()
