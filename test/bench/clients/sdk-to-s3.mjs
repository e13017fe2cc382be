import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { measure, movePartsOf, setting } from './measure.mjs'
import { openObject, s3Client } from './sdk.mjs'

const { from, to } = setting
const source = s3Client(from.options)
const sink = s3Client(to.options)
const object = { Bucket: to.options.bucket, Key: to.key }

await measure(async () => {
  const { UploadId } = await sink.send(new CreateMultipartUploadCommand(object))
  const Parts = await movePartsOf(setting, async ({ index, start, end }) => {
    const Body = await openObject(source, from, { start, end })
    const part = { ...object, UploadId, PartNumber: index + 1, ContentLength: end - start, Body }
    const { ETag } = await sink.send(new UploadPartCommand(part))
    return { PartNumber: index + 1, ETag }
  })
  await sink.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }))
})
process.exit()
