import { Readable } from 'node:stream'
import { TransferError } from '../../contract/errors'
import type { Body } from '../../contract/sink'
import type { Bytes, Context } from '../../contract/source'
import { unlessAborted } from '../object-store/abort'
import type { StoreConnections } from '../object-store/connections'
import { type HttpRequest, sendRequest, startRequest } from '../object-store/http-request'
import { type RequestBody, requestBody } from '../object-store/request-body'
import { Exchange, type Reply } from './exchange'
import type { CosSdk, SdkCalls, SdkRequest } from './sdk'
import { isSignedCall, type SignedCall } from './signed-calls'
import { takeOver } from './take-over'

export interface Call<Name extends keyof SdkCalls> {
  readonly name: Name
  readonly params: SdkCalls[Name]
  readonly headers?: Readonly<Record<string, string>>
  /** `ContentLength` must be its size. */
  readonly body?: Body
  /** The same, held in memory. */
  readonly bytes?: Uint8Array
  readonly location: string
}

export interface PortOptions {
  readonly sdk: CosSdk
  readonly bucket: string
  readonly region: string
  readonly connections: StoreConnections
  /** Awaited before a call: so the body is opened, and its source waits, only when the request can be signed. */
  authorise?(): Promise<Authorisation>
  /** A last word on our own requests before they are sent. */
  adjust?(request: SdkRequest): void
  /** The request ready to be sent, where that needs no SDK. */
  signed?(call: SignedCall): Promise<Signed | undefined>
}

export interface Signed extends Pick<Authorisation, 'otherKeys'> {
  readonly request: HttpRequest
}

export interface Authorisation {
  /** Called in the same tick as the SDK, which then signs with these keys. */
  apply(): void
  /** To be called when the server says that the keys have expired; true where another attempt has hope. */
  otherKeys(): boolean
}

export interface Answer extends Reply {
  otherKeys(): boolean
}

/** Keys that are the business of the client that was handed in. */
const unchanging: Authorisation = { apply() {}, otherKeys: () => false }

/** Sends calls through the SDK, one attempt each, and gives the answer of the server whatever its status. */
export class Port {
  readonly #options: PortOptions
  /** Under the name of the header by which `before-send` knows whose request it sees. */
  readonly #exchanges = new Map<string, Exchange>()
  readonly #prefix = `x-sluiceway-${Math.random().toString(36).slice(2)}-`
  #calls = 0
  #closed = false

  constructor(options: PortOptions) {
    this.#options = options
    options.sdk.on('before-send', this.#beforeSend)
  }

  /** A client that was handed in is left as it came. */
  close(): void {
    this.#closed = true
    this.#options.sdk.off('before-send', this.#beforeSend)
  }

  /** Rejects with whatever went wrong first: the signal's reason, what the body threw, or an error of the network. */
  async send<Name extends keyof SdkCalls>(call: Call<Name>, context: Context): Promise<Answer> {
    if (this.#closed) throw new TransferError('ABORTED', `The store of ${call.location} has been closed.`)
    const signing = isSignedCall(call) ? this.#options.signed?.(call) : undefined
    const signed = signing && (await unlessAborted(signing, context.signal, call.location))
    return signed && !call.body ? this.#sendSigned(signed, context) : this.#exchange(call, signed, context)
  }

  async #sendSigned({ request, otherKeys }: Signed, context: Context): Promise<Answer> {
    const { signal } = context
    const connections = this.#options.connections.of(context)
    if (request.method === 'GET') {
      const response = await connections.direct(request, signal)
      if (response) {
        const { statusCode: status, headers, body: message } = response
        return { status, headers, message, dispose: () => void message.destroy(), otherKeys }
      }
    }
    const message = await sendRequest(request, connections, signal)
    const isOver = () => message.complete || request.method === 'HEAD'
    return {
      status: message.statusCode ?? 0,
      headers: message.headers,
      message,
      dispose: () => void (isOver() ? message.resume() : message.destroy()),
      otherKeys,
    }
  }

  /** A request with a body, or one that the SDK makes. */
  async #exchange(call: Call<keyof SdkCalls>, signed: Signed | undefined, context: Context): Promise<Answer> {
    const { signal } = context
    const exchange = new Exchange(this.#options.connections.of(context))
    let body: RequestBody | undefined
    const stop = () => {
      exchange.fail(signal?.reason)
      body?.destroy()
    }
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
    try {
      const authorised = signed ?? (await settledBy(exchange, this.#authorise()))
      const given = call.body ?? (call.bytes && bodyOf(call.bytes))
      if (given) body = await this.#open(given, call.location, exchange)
      if (signed && body) {
        const request = startRequest(signed.request, exchange.connections)
        exchange.start(request)
        body.pipe(request)
      } else {
        if ('apply' in authorised) authorised.apply()
        this.#call(call, exchange, body)
      }
      const reply = await exchange.reply
      if (body && reply.status < 300) await wholly(body, reply)
      return { ...reply, otherKeys: authorised.otherKeys }
    } catch (error) {
      exchange.fail(error)
      throw body?.sourceError === undefined ? error : sourceFailure(body.sourceError, call.location)
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  async #authorise(): Promise<Authorisation> {
    return (await this.#options.authorise?.()) ?? unchanging
  }

  async #open(body: Body, location: string, exchange: Exchange): Promise<RequestBody> {
    const discard = (late: Bytes) => void requestBody(late).destroy()
    const bytes = await settledBy(exchange, body.open(), discard)
    const stream = requestBody(bytes, { size: body.size })
    if (bytes instanceof Readable) {
      // While the client still signs nobody else listens, and an error would end the process.
      bytes.once('error', (error) => exchange.fail(sourceFailure(error, location)))
      // Its iterator cannot be left while it waits for a source that stays silent.
      stream.once('close', () => bytes.destroy())
    }
    stream.once('error', (error) => exchange.fail(error))
    // Nobody reads the rest of a body that failed or was refused, and its source would be held for ever.
    exchange.reply.then(
      (reply) => reply.status >= 300 && stream.destroy(),
      () => stream.destroy(),
    )
    return stream
  }

  #call(call: Call<keyof SdkCalls>, exchange: Exchange, body: RequestBody | undefined): void {
    const { sdk, bucket: Bucket, region: Region } = this.#options
    // Its value is empty because the SDK keeps headers without a value from whoever signs, and it is never sent.
    const marker = `${this.#prefix}${this.#calls++}`
    this.#exchanges.set(marker, exchange)
    const forget = () => this.#exchanges.delete(marker)
    exchange.reply.then(forget, forget)
    // A fresh object each time: the SDK writes Content-Length and Content-MD5 into the one it is given.
    const Headers = { ...call.headers, [marker]: '' }
    const params = { ...call.params, Bucket, Region, Headers, ...(body && { Body: body }) }
    const send = sdk[call.name] as (params: unknown) => unknown
    // Settles only when the SDK gives up before anything was sent, as when it cannot sign.
    Promise.resolve(send.call(sdk, params)).catch((error) => exchange.fail(error))
  }

  readonly #beforeSend = (request: SdkRequest): void => {
    const marker = Object.keys(request.headers).find((name) => name.startsWith(this.#prefix))
    if (marker === undefined) return
    delete request.headers[marker]
    const exchange = this.#exchanges.get(marker)
    this.#exchanges.delete(marker)
    const { sdk, adjust } = this.#options
    takeOver(request, exchange, { keepAlive: sdk.options.KeepAlive !== false })
    adjust?.(request)
  }
}

/** As a stream: the SDK would copy a Buffer twice, and sends no empty one. */
const bodyOf = (bytes: Uint8Array): Body => ({ size: bytes.byteLength, open: async () => once(bytes) })

async function* once(bytes: Uint8Array): Bytes & AsyncGenerator<Uint8Array> {
  yield bytes
}

/** What the source of a body threw is told from what the network did to the request. */
function sourceFailure(error: unknown, location: string): unknown {
  if (TransferError.is(error)) return error
  return new TransferError(
    'SOURCE_FAILED',
    `The body for ${location} failed while it was read. See the cause.`,
    {
      retry: 'temporary',
      context: { location },
      cause: error,
    },
  )
}

/** An answer that comes before the end of the body proves nothing of the body. */
async function wholly(body: RequestBody, reply: Reply): Promise<void> {
  try {
    await body.finished
  } catch (error) {
    reply.dispose()
    throw error
  }
}

/** The result of `work`, unless the exchange fails first; what comes after that is given to `late`. */
async function settledBy<T>(exchange: Exchange, work: Promise<T>, late?: (result: T) => void): Promise<T> {
  let waiting = true
  work.then(
    (result) => {
      if (!waiting) late?.(result)
    },
    () => {},
  )
  try {
    return await Promise.race([work, exchange.reply as Promise<never>])
  } finally {
    waiting = false
  }
}
