import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import COS from 'cos-nodejs-sdk-v5'

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

/** The object, or a range of it, as a plain SDK stream. */
export async function openObject(client, { options, key }, range) {
  const Range = range && `bytes=${range.start}-${range.end - 1}`
  const { Body } = await client.send(new GetObjectCommand({ Bucket: options.bucket, Key: key, Range }))
  // The COS SDK would copy the response's headers onto its own request, unsigned.
  Object.defineProperty(Body, 'headers', { value: {} })
  return Body
}
