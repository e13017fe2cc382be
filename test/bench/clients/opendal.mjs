import { createRequire } from 'node:module'
import { measure, setting } from './measure.mjs'

/** One reader from the start to the end, and a writer that cuts what it is given: this version reads no ranges. */
const { from, to, size, partSize, modules } = setting
const { Operator } = createRequire(`${modules}/`)('opendal')

const operator = ({ endpoint, bucket, credentials }) =>
  new Operator('s3', {
    endpoint,
    bucket,
    region: 'default',
    access_key_id: credentials.accessKeyId,
    secret_access_key: credentials.secretAccessKey,
    disable_config_load: 'true',
    disable_ec2_metadata: 'true',
  })

await measure(async () => {
  const reader = await operator(from.options).reader(from.key)
  const writer = await operator(to.options).writer(to.key, { chunk: BigInt(partSize) })
  const buffer = Buffer.alloc(1024 * 1024)
  for (let done = 0; done < size; ) {
    const length = Number(await reader.read(buffer))
    if (length === 0) throw new Error(`the object ended after ${done} bytes`)
    await writer.write(buffer.subarray(0, length))
    done += length
  }
  await writer.close()
})
process.exit()
