// @ts-check
/** What not to do: the whole object in memory. The same job as ceph-to-cos.mjs, as the worker once did it. */
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import COS from 'cos-nodejs-sdk-v5'

const env = /** @type {any} */ (process.env)
const s3 = new S3Client({
  endpoint: env.CEPH_ENDPOINT,
  region: 'default',
  forcePathStyle: true,
  credentials: { accessKeyId: env.CEPH_ACCESS_KEY, secretAccessKey: env.CEPH_SECRET_KEY },
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
})
const { protocol, host } = new URL(env.COS_ENDPOINT)
const cos = new COS({
  SecretId: env.COS_SECRET_ID,
  SecretKey: env.COS_SECRET_KEY,
  Protocol: protocol === 'http:' ? 'http:' : 'https:',
  Domain: host,
})

const object = await s3.send(new GetObjectCommand({ Bucket: env.CEPH_BUCKET, Key: env.CEPH_KEY }))
const whole = Buffer.from((await object.Body?.transformToByteArray()) ?? [])
await cos.putObject({ Bucket: env.COS_BUCKET, Region: env.COS_REGION, Key: env.COS_KEY, Body: whole })
console.log(`memory    ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB at most`)
process.exit()
