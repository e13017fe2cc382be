import type { Readable } from 'node:stream'
import type { Context } from '../../../contract/source'
import type { StoreConnections } from '../../object-store/connections'
import { type Headers, type HttpRequest, sendRequest } from '../../object-store/http-request'
import { percentEncode, percentEncodePath } from '../../object-store/percent-encode'
import { replyText } from '../../object-store/reply-text'
import type { RequestBody } from '../../object-store/request-body'
import { parseXml, textOf } from '../../object-store/xml'
import type { CephCredentials } from '../options'
import { headersOf, type ObjectInput, type ObjectOutput, outputOf, queryOf } from './fields'
import { Signer } from './signature'

export interface ObjectRequest {
  readonly method: 'HEAD' | 'GET' | 'PUT'
  readonly bucket: string
  readonly key: string
  readonly input: ObjectInput
  /** Held in memory. */
  readonly body?: Uint8Array
  /** The same as it comes. */
  readonly stream?: { readonly body: RequestBody; readonly size: number }
}

export interface ObjectAnswer {
  readonly output: ObjectOutput
  /** Of a GET: to be read to its end or destroyed. */
  readonly message: Readable
}

/** Of the gateway, whatever its status. */
interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly message: Readable
}

/** A clock that differs by more than this, in milliseconds, is the reason of a refusal: S3 allows 15 minutes. */
const clockTolerance = 300_000

/**
 * The requests that a small object consists of, built and signed here. Through the SDK each costs more than sending it
 * does several times over. What an answer means is decided by the same rules as for the SDK's.
 */
export class SignedRequests {
  readonly #address: Pick<HttpRequest, 'protocol' | 'host' | 'port'>
  readonly #basePath: string
  readonly #hostHeader: string
  readonly #signer: Signer
  readonly #connections: StoreConnections
  /** Milliseconds by which the gateway's clock is ahead of ours. */
  #clockOffset = 0

  constructor(endpoint: string, region: string, connections: StoreConnections) {
    const { protocol, hostname, port, host, pathname } = new URL(endpoint)
    this.#address = {
      protocol,
      // An IPv6 address stands in brackets.
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
    }
    this.#basePath = pathname.replace(/\/+$/, '')
    this.#hostHeader = host
    this.#signer = new Signer(region)
    this.#connections = connections
  }

  /** Rejects with what {@link cephError} understands. */
  async send(request: ObjectRequest, credentials: CephCredentials, context: Context): Promise<ObjectAnswer> {
    const { signal } = context
    const clockOffset = this.#clockOffset
    const answer = await this.#exchange(this.#signed(request, credentials, clockOffset), context)
    const { status, headers, message } = answer
    if (status < 200 || status >= 300) throw await this.#refusal(request, answer, clockOffset, signal)
    // An answer without a body is read to its end, so that the connection can be used again.
    if (request.method !== 'GET') await replyText(message, signal)
    return { output: outputOf(headers), message }
  }

  #signed(
    { method, bucket, key, input, body, stream }: ObjectRequest,
    credentials: CephCredentials,
    clockOffset: number,
  ): HttpRequest {
    const path = `${this.#basePath}/${percentEncode(bucket)}/${percentEncodePath(key)}`
    const query = queryOf(input)
    const size = body?.byteLength ?? stream?.size
    const headers = {
      host: this.#hostHeader,
      'user-agent': 'sluiceway',
      // The type is the one the SDK gives an object without any.
      ...(size !== undefined && {
        'content-length': String(size),
        'content-type': 'application/octet-stream',
      }),
      ...headersOf(input),
    }
    const payload = stream ? 'unsigned' : body
    const now = new Date(Date.now() + clockOffset)
    return {
      ...this.#address,
      method,
      path: query ? `${path}?${query}` : path,
      headers: this.#signer.sign({ method, path, query, headers, payload }, credentials, now),
      body: body ?? stream?.body,
    }
  }

  async #exchange(request: HttpRequest, context: Context): Promise<Answer> {
    const { signal } = context
    const connections = this.#connections.of(context)
    if (request.method === 'GET') {
      const response = await connections.direct(request, signal)
      if (response) return { status: response.statusCode, headers: response.headers, message: response.body }
    }
    const message = await sendRequest(request, connections, signal)
    return { status: message.statusCode ?? 0, headers: message.headers, message }
  }

  /** In the shape of an error of the SDK. */
  async #refusal(
    { method }: ObjectRequest,
    { status, headers, message }: Answer,
    clockOffset: number,
    signal: AbortSignal | undefined,
  ): Promise<Error> {
    const xml = await replyText(message, signal).catch((error) => {
      // The status says enough, unless the caller has given up.
      if (signal?.aborted) throw error
      return ''
    })
    const error = method === 'HEAD' ? undefined : errorOf(xml)
    const name = textOf(error, 'Code') ?? (status === 404 ? 'NotFound' : `HTTP${status}`)
    return Object.assign(new Error(textOf(error, 'Message') ?? name), {
      name,
      $metadata: {
        httpStatusCode: status,
        clockSkewCorrected: this.#correctClock(headers.date, clockOffset),
      },
      $response: { headers },
    })
  }

  /**
   * @param used the offset the request was signed with: of those that were under way together each is to be tried again,
   * though the first to be refused has corrected the clock
   */
  #correctClock(date: string | undefined, used: number): boolean {
    const theirs = Date.parse(date ?? '')
    if (Number.isNaN(theirs)) return false
    const offset = theirs - Date.now()
    if (Math.abs(offset - used) < clockTolerance) return false
    this.#clockOffset = offset
    return true
  }
}

/** Undefined where the answer is that of a proxy. */
function errorOf(xml: string) {
  try {
    const { name, root } = parseXml(xml)
    return name === 'Error' ? root : undefined
  } catch {
    return undefined
  }
}
