import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import COS from 'cos-nodejs-sdk-v5'
import { setting } from './measure.mjs'

/** The AWS SDK as a careful user of Ceph sets it. */
export const s3Client = ({ endpoint, credentials }) =>
  new S3Client({
    endpoint,
    credentials,
    region: 'default',
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })

export const cosClient = ({ endpoint, credentials }) => {
  const { protocol, host } = new URL(endpoint)
  return new COS({
    SecretId: credentials.secretId,
    SecretKey: credentials.secretKey,
    Protocol: protocol,
    Domain: host,
    AutoSwitchHost: false,
  })
}

/** One range of the object as a plain SDK stream. */
export async function openRange(client, { start, end }) {
  const { Body } = await client.send(
    new GetObjectCommand({
      Bucket: setting.s3.bucket,
      Key: setting.key,
      Range: `bytes=${start}-${end - 1}`,
    }),
  )
  // The COS SDK would copy the response's headers onto its own request, unsigned.
  Object.defineProperty(Body, 'headers', { value: {} })
  return Body
}
