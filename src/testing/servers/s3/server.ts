import type { TestServerOptions } from '../options'
import { startServer, type TestServer } from '../start-server'
import { s3Dialect } from './dialect'
import type { S3Credentials } from './signature'

export interface S3ServerOptions extends TestServerOptions {
  /** @default 'staging' */
  readonly bucket?: string
  /** Accepted keys; several let a test rotate them. @default a fixed pair: see `server.credentials` */
  readonly credentials?: S3Credentials | readonly S3Credentials[]
  /** @default ['STANDARD'], as a gateway without further placement has */
  readonly storageClasses?: readonly string[]
  /**
   * `'ceph-16'`: as a gateway of release 16.2.15 was seen to behave, where that differs from S3. The first answer to a
   * completion has an empty ETag, and one that is sent again succeeds; after an abort it is 500 InternalError. A
   * completion must name every part that was uploaded. ListParts of an upload that is gone is NoSuchKey. Conditions
   * on the source of a copy are ignored, its key is percent-decoded twice, and ETags of copies have no quotes. A part
   * number on GET or HEAD is ignored.
   * `'s3'`: as S3 documents these things.
   * @default 'ceph-16'
   */
  readonly gateway?: 'ceph-16' | 's3'
  /**
   * Whether If-None-Match and If-Match are obeyed when an upload is completed. Release 16 obeys them on PUT only.
   * @default false for 'ceph-16', true for 's3'
   */
  readonly conditionalComplete?: boolean
}

export type S3Server = TestServer<S3Credentials>

const defaultCredentials: S3Credentials = {
  accessKeyId: 'TESTINGTESTINGTESTIN',
  secretAccessKey: 'not-a-secret-only-for-tests',
}

/**
 * An S3 server on 127.0.0.1 with one bucket, path style, in the manner of a Ceph gateway of release 16: it verifies
 * Signature Version 4 in headers and presigned, checks signed SHA-256s and Content-MD5, answers MD5 ETags, and
 * refuses bodies in aws-chunked encoding (`STREAMING-...`) with MissingContentLength. It is stricter than the gateway
 * in two things: parts are numbered from 1 to 10000, and a completion lists them in ascending order. With the SDK:
 * `new S3Client({ endpoint: server.url, forcePathStyle: true, region: 'default', credentials: server.credentials,
 * requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' })`.
 */
export function s3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const { bucket = 'staging', storageClasses = ['STANDARD'], gateway = 'ceph-16' } = options
  const credentials = [options.credentials ?? defaultCredentials].flat()
  const now = options.now ?? (() => new Date())
  const dialect = s3Dialect({
    bucket,
    credentials,
    limits: options.limits ?? {},
    storageClasses,
    gateway,
    conditionalComplete: options.conditionalComplete ?? gateway === 's3',
    now,
  })
  return startServer(bucket, dialect, credentials[0] ?? defaultCredentials, options)
}
