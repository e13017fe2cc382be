import type { TestServerOptions } from '../options'
import { startServer, type TestServer } from '../start-server'
import { cosDialect } from './dialect'
import type { CosCredentials } from './signature'

export interface CosServerOptions extends TestServerOptions {
  /** With its APPID. @default 'archive-1250000000' */
  readonly bucket?: string
  /** Accepted keys; several let a test rotate them. @default a fixed pair: see `server.credentials` */
  readonly credentials?: CosCredentials | readonly CosCredentials[]
  /**
   * `'md5'`: the ETag of a part is its MD5, as COS documents. `'opaque'`: some value that changes with the bytes,
   * unless the client sent Content-MD5; it saves the server most of its time. The ETag of a PUT object is an MD5
   * always, and that of a multipart object made of those of its parts.
   * @default 'opaque'
   */
  readonly partEtags?: 'opaque' | 'md5'
}

export type CosServer = TestServer<CosCredentials>

const defaultCredentials: CosCredentials = {
  secretId: 'AKIDtestingtestingtestingtestingtest',
  secretKey: 'not-a-secret-only-for-tests',
}

/**
 * A Tencent COS server on 127.0.0.1 with one bucket, as strict as the documents of the XML API: it verifies
 * signatures in headers and in queries, checks Content-MD5, part numbers, sizes and order, answers CRC-64s, and says
 * no with the documented codes. With the SDK: `new COS({ SecretId, SecretKey, Protocol: 'http:', Domain: server.host })`,
 * or `Ip: server.host` in place of `Domain`.
 *
 * @example
 * const server = await cosServer()
 * server.misbehave({ when: { operation: 'UploadPart', nth: 3 }, fault: { type: 'reset-request', after: 1000 } })
 * // ... run the code under test ...
 * expect(server.uploads()).toEqual([])
 * await server.close()
 */
export function cosServer(options: CosServerOptions = {}): Promise<CosServer> {
  const { bucket = 'archive-1250000000', partEtags = 'opaque', limits = {} } = options
  const credentials = [options.credentials ?? defaultCredentials].flat()
  const now = options.now ?? (() => new Date())
  const dialect = cosDialect({ bucket, credentials, limits, partEtags, now })
  return startServer(bucket, dialect, credentials[0] ?? defaultCredentials, options)
}
