import { type ClientRequestArgs, request } from 'node:http'
import { S3Client } from '@aws-sdk/client-s3'
import COS from 'cos-nodejs-sdk-v5'
import type { CosServer, S3Server } from '../../../src/testing/servers'

export const s3Client = (
  server: S3Server,
  change: { secretAccessKey?: string; sessionToken?: string } = {},
) =>
  new S3Client({
    endpoint: server.url,
    forcePathStyle: true,
    region: 'default',
    credentials: { ...server.credentials, ...change },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  })

export const cosClient = (server: CosServer, change: COS.COSOptions = {}) =>
  new COS({
    SecretId: server.credentials.secretId,
    SecretKey: server.credentials.secretKey,
    SecurityToken: server.credentials.securityToken,
    Protocol: 'http:',
    Domain: server.host,
    AutoSwitchHost: false,
    ...change,
  })

export const at = (server: CosServer) => ({ Bucket: server.bucket, Region: 'ap-guangzhou' })

/** A presigned URL for a raw client, path and query as COS documents them. */
export const cosUrl = (
  server: CosServer,
  method: 'GET' | 'PUT' | 'POST' | 'HEAD' | 'DELETE',
  key: string,
  query: Record<string, string | number> = {},
): string =>
  cosClient(server).getObjectUrl(
    {
      ...at(server),
      Key: key,
      Method: method,
      Sign: true,
      Protocol: 'http:',
      Query: query,
    } as COS.GetObjectUrlParams,
    () => {},
  )

export interface RawReply {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer
  /** How the reply broke off, where it did. */
  readonly error?: NodeJS.ErrnoException
}

/** One request as it is, and whatever comes back of it, however it ends. Rejects where not even a status came. */
export function raw(
  url: string,
  options: ClientRequestArgs = {},
  body?: Uint8Array | string,
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    let answered = false
    const sent = request(url, { agent: false, ...options }, (response) => {
      answered = true
      const chunks: Buffer[] = []
      const settle = (error?: NodeJS.ErrnoException) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          error,
        })
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => settle())
      response.on('error', settle)
    })
    // After the headers it is the response that reports how it ended.
    sent.on('error', (error) => answered || reject(error))
    sent.end(body)
  })
}
