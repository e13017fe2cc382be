import { measure, movePartsOf, setting } from './measure.mjs'
import { cosClient, openRange, s3Client } from './sdk.mjs'

const { bucket, region } = setting.target.options
const client = s3Client(setting.s3)
const cos = cosClient(setting.target.options)
const object = { Bucket: bucket, Region: region, Key: 'bench' }

await measure(setting.size, async () => {
  const { UploadId } = await cos.multipartInit(object)
  const Parts = await movePartsOf(setting, async ({ index, start, end }) => {
    const Body = await openRange(client, { start, end })
    const upload = { ...object, UploadId, PartNumber: index + 1, ContentLength: end - start, Body }
    const { ETag } = await cos.multipartUpload(upload)
    return { PartNumber: index + 1, ETag }
  })
  await cos.multipartComplete({ ...object, UploadId, Parts })
})
process.exit()
