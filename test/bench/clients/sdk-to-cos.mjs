import { measure, movePartsOf, setting } from './measure.mjs'
import { cosClient, openObject, s3Client } from './sdk.mjs'

const { from, to } = setting
const client = s3Client(from.options)
const cos = cosClient(to.options)
const object = { Bucket: to.options.bucket, Region: to.options.region, Key: to.key }

await measure(async () => {
  const { UploadId } = await cos.multipartInit(object)
  const Parts = await movePartsOf(setting, async ({ index, start, end }) => {
    const Body = await openObject(client, from, { start, end })
    const upload = { ...object, UploadId, PartNumber: index + 1, ContentLength: end - start, Body }
    const { ETag } = await cos.multipartUpload(upload)
    return { PartNumber: index + 1, ETag }
  })
  await cos.multipartComplete({ ...object, UploadId, Parts })
})
process.exit()
