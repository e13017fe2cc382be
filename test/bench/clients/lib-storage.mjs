import { GetObjectCommand } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { measure, setting } from './measure.mjs'
import { s3Client } from './sdk.mjs'

const from = s3Client(setting.s3)
const to = s3Client(setting.target.options)

await measure(setting.size, async () => {
  const { Body } = await from.send(new GetObjectCommand({ Bucket: setting.s3.bucket, Key: setting.key }))
  const upload = new Upload({
    client: to,
    partSize: setting.partSize,
    queueSize: setting.concurrency,
    params: { Bucket: setting.target.options.bucket, Key: 'bench', Body },
  })
  await upload.done()
})
process.exit()
