import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { measure, movePartsOf, setting } from './measure.mjs'
import { openRange, s3Client } from './sdk.mjs'

const from = s3Client(setting.s3)
const to = s3Client(setting.target.options)
const object = { Bucket: setting.target.options.bucket, Key: 'bench' }

await measure(setting.size, async () => {
  const { UploadId } = await to.send(new CreateMultipartUploadCommand(object))
  const Parts = await movePartsOf(setting, async ({ index, start, end }) => {
    const Body = await openRange(from, { start, end })
    const part = { ...object, UploadId, PartNumber: index + 1, ContentLength: end - start, Body }
    const { ETag } = await to.send(new UploadPartCommand(part))
    return { PartNumber: index + 1, ETag }
  })
  await to.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }))
})
process.exit()
