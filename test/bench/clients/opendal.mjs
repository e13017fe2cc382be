import { createRequire } from 'node:module'
import { measure, movePartsOf, setting } from './measure.mjs'

/** Ranges read side by side, and written in their order by a writer that sends its parts side by side. */
const { from, to, size, partSize, concurrency, modules } = setting
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
  const source = operator(from.options)
  const writer = await operator(to.options).writer(to.key, {
    chunk: BigInt(partSize),
    concurrent: concurrency,
  })
  let written = Promise.resolve()
  await movePartsOf({ size, partSize, concurrency }, async ({ start, end }) => {
    const bytes = source.read(from.key, { offset: BigInt(start), size: BigInt(end - start) })
    const mine = written.then(async () => writer.write(await bytes))
    written = mine
    await mine
  })
  await writer.close()
})
process.exit()
