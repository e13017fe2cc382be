import { createHmac, hash } from 'node:crypto'
import { percentEncode } from '../object-store/percent-encode'
import type { CosCredentials } from './options'

/** A request to be signed. */
export interface Unsigned {
  readonly method: string
  /** Not encoded. */
  readonly pathname: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

/** Seconds for which a signature is good, as that of the SDK is. */
const lifetime = 900
/** Seconds during which requests are signed for the same time, and so with the same key. */
const step = 60

/** Headers that are signed beside those of COS; the SDK signs the same. */
const signedHeaders = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-length',
  'content-md5',
  'content-type',
  'host',
  'if-match',
  'range',
])

/**
 * The `Authorization` of a request, as `COS.getAuthorization` of the SDK makes it, at a fraction of its cost.
 * @see https://www.tencentcloud.com/document/product/436/7778
 */
export class Signer {
  /** The key of a span of time, which signs all its requests. */
  #derived: { readonly time: string; readonly secret: string; readonly key: string } | undefined

  sign(request: Unsigned, { secretId, secretKey }: CosCredentials, now: Date): string {
    // One second back, for a server whose clock is behind.
    const second = Math.floor(now.getTime() / 1000) - 1
    const start = second - (second % step)
    const time = `${start};${start + step + lifetime}`
    const headers = pairsOf(request.headers, isSigned)
    const query = pairsOf(request.query)
    const { method, pathname } = request
    const format = `${method.toLowerCase()}\n${pathname}\n${query.text}\n${headers.text}\n`
    const text = `sha1\n${time}\n${hash('sha1', format)}\n`
    const signature = createHmac('sha1', this.#key(time, secretKey)).update(text).digest('hex')
    return (
      `q-sign-algorithm=sha1&q-ak=${secretId}&q-sign-time=${time}&q-key-time=${time}` +
      `&q-header-list=${headers.names}&q-url-param-list=${query.names}&q-signature=${signature}`
    )
  }

  #key(time: string, secret: string): string {
    if (this.#derived?.time === time && this.#derived.secret === secret) return this.#derived.key
    const key = createHmac('sha1', secret).update(time).digest('hex')
    this.#derived = { time, secret, key }
    return key
  }
}

const isSigned = (name: string, value: string) =>
  value !== '' && (signedHeaders.has(name) || name.startsWith('x-cos-'))

/** Names and values encoded, in the order of the names. */
function pairsOf(values: Readonly<Record<string, string>>, wanted = (_name: string, _value: string) => true) {
  const pairs = Object.entries(values)
    .map(([name, value]) => [percentEncode(name).toLowerCase(), value] as const)
    .filter(([name, value]) => wanted(name, value))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    names: pairs.map(([name]) => name).join(';'),
    text: pairs.map(([name, value]) => `${name}=${percentEncode(value)}`).join('&'),
  }
}
