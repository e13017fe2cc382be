import { createHmac, hash } from 'node:crypto'
import type { CephCredentials } from '../options'

/** A request to be signed; its headers are in lower case, `host` among them. */
export interface Unsigned {
  readonly method: string
  /** Encoded. */
  readonly path: string
  /** Encoded, by name. */
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  /** What the signature says of the payload: its bytes, or nothing where they are still to come. @default no bytes */
  readonly payload?: Uint8Array | 'unsigned'
}

const algorithm = 'AWS4-HMAC-SHA256'
const emptyHash = hash('sha256', '')

/** Headers that proxies may change on the way. */
const unsigned = new Set(['cache-control', 'user-agent'])

/**
 * Signs requests with AWS Signature Version 4, payload included, as the SDK does, at a tenth of its cost.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export class Signer {
  readonly #region: string
  /** The key of a day, which signs all its requests. */
  #derived: { readonly day: string; readonly secret: string; readonly key: Buffer } | undefined

  constructor(region: string) {
    this.#region = region
  }

  /** The headers with those of the signature. */
  sign(request: Unsigned, credentials: CephCredentials, now: Date): Record<string, string> {
    const { method, path, query } = request
    const date = now.toISOString().replace(/-|:|\.\d+/g, '')
    const day = date.slice(0, 8)
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    const payload = hashOf(request.payload)
    const headers: Record<string, string> = {
      ...request.headers,
      'x-amz-date': date,
      'x-amz-content-sha256': payload,
      ...(sessionToken && { 'x-amz-security-token': sessionToken }),
    }
    const names = Object.keys(headers)
      .filter((name) => !unsigned.has(name))
      .sort()
    const lines = names.map((name) => `${name}:${headers[name]!.trim().replace(/\s+/g, ' ')}\n`).join('')
    const signed = names.join(';')
    const canonical = `${method}\n${path}\n${query}\n${lines}\n${signed}\n${payload}`
    const scope = `${day}/${this.#region}/s3/aws4_request`
    const text = `${algorithm}\n${date}\n${scope}\n${sha256(canonical)}`
    const signature = createHmac('sha256', this.#key(day, secretAccessKey)).update(text).digest('hex')
    headers.authorization = `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`
    return headers
  }

  #key(day: string, secret: string): Buffer {
    if (this.#derived?.day === day && this.#derived.secret === secret) return this.#derived.key
    const steps = [day, this.#region, 's3', 'aws4_request']
    const key = steps.reduce<Buffer>((last, step) => hmac(last, step), Buffer.from(`AWS4${secret}`))
    this.#derived = { day, secret, key }
    return key
  }
}

function hashOf(payload: Unsigned['payload']): string {
  if (payload === 'unsigned') return 'UNSIGNED-PAYLOAD'
  return payload && payload.byteLength > 0 ? sha256(payload) : emptyHash
}

const sha256 = (data: string | Uint8Array) => hash('sha256', data)
const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
