import { PutObjectCommand } from '@aws-sdk/client-s3'
import { measure, setting } from './measure.mjs'
import { cosClient, openObject, s3Client } from './sdk.mjs'
import { eachSmall } from './small.mjs'

/** GetObject and put, object by object: the loop one would write. */
const { from, to } = setting
const source = s3Client(from.options)
const { bucket: Bucket, region: Region } = to.options
const put = to.kind === 's3' ? s3Put(s3Client(to.options)) : cosPut(cosClient(to.options))

function s3Put(client) {
  return (Key, Body) => client.send(new PutObjectCommand({ Bucket, Key, Body }))
}

function cosPut(cos) {
  return (Key, Body) => cos.putObject({ Bucket, Region, Key, Body })
}

await measure(() =>
  eachSmall(async (number) => {
    const body = await openObject(source, { options: from.options, key: `small/${number}` })
    await put(`out/${number}`, Buffer.from(await body.transformToByteArray()))
  }),
)
process.exit()
