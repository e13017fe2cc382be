import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Call } from './call'
import { drained } from './drained'
import { Exchange } from './exchange'
import type { Behaviour } from './misbehaviour/behaviour'
import type { Rules } from './misbehaviour/rules'
import { behaviourOf } from './misbehaviour/table'
import { operations } from './operations'
import { type Reply, textReply } from './operations/reply'
import type { RequestBody, Service } from './operations/service'
import { readCall } from './read-call'
import type { RequestLog, RequestRecord } from './request-log'
import { PeerGone, ServiceError } from './service-error'

export interface Serving {
  readonly service: Service
  readonly rules: Rules
  readonly log: RequestLog
  /** Resets all connections and refuses new ones for that many milliseconds. */
  outage(ms: number): void
}

/** One request: read, misbehave if asked to, authorise, do the work, answer. Never rejects. */
export async function serve(
  { service, rules, log, outage }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
): Promise<void> {
  // The client may leave at any time; whoever reads or writes notices by itself.
  request.on('error', () => {})
  response.on('error', () => {})
  const { dialect } = service
  let exchange: Exchange | undefined
  try {
    const call = readCall(request, dialect)
    const record = log.add(call)
    exchange = new Exchange(call, request, response, expectsContinue, outage)
    const fault = rules.take(call)
    record.fault = fault?.type
    const errorXml = (code: string, message: string) =>
      dialect.errorDocument(new ServiceError(200, code, message), call)
    const behaviour = fault ? behaviourOf(fault, errorXml) : {}
    const reply = await answer(service, exchange, record, behaviour)
    await send(service, exchange, record, reply, behaviour)
  } catch (error) {
    if (error instanceof ServiceError && !exchange) response.writeHead(error.status).end()
    else if (!(error instanceof PeerGone)) request.socket.destroy()
  }
}

async function answer(
  service: Service,
  exchange: Exchange,
  record: RequestRecord,
  behaviour: Behaviour,
): Promise<Reply> {
  const { call } = exchange
  try {
    const instead = await behaviour.before?.(exchange)
    if (instead) return instead
    admit(service, call)
    const body = requestBody(exchange, record, behaviour)
    const reply = await operations[call.operation]({ service, call, body })
    return await changed(reply, exchange, behaviour)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    record.error = { code: error.code, reason: error.message }
    const headers = { 'content-type': 'application/xml', ...error.headers }
    return textReply(error.status, headers, service.dialect.errorDocument(error, call))
  }
}

/** A body that the fault replaces, or never lets out, is given back all the same. */
async function changed(reply: Reply, exchange: Exchange, behaviour: Behaviour): Promise<Reply> {
  let result: Reply | undefined
  try {
    result = behaviour.answer ? behaviour.answer(reply, exchange) : reply
    return result
  } finally {
    if (result?.body?.done !== reply.body?.done) await reply.body?.done?.()
  }
}

function admit({ dialect, bucket }: Service, call: Call): void {
  dialect.authorise(call)
  if (call.bucket !== undefined && call.bucket !== bucket.name) {
    throw new ServiceError(404, 'NoSuchBucket', `this server has only the bucket ${bucket.name}`)
  }
  if (Buffer.byteLength(call.key) > dialect.limits.maxKeySize) throw dialect.errors.keyTooLong
}

function requestBody(exchange: Exchange, record: RequestRecord, behaviour: Behaviour): RequestBody {
  const { request } = exchange
  const length = request.headers['content-length']
  async function* chunks(): AsyncIterable<Uint8Array> {
    exchange.welcomeBody()
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      record.bytesReceived += chunk.length
      yield chunk
    }
    if (!request.complete) throw new PeerGone('the body ended early')
  }
  return {
    size: length === undefined ? undefined : Number(length),
    chunks: () => (behaviour.receive ? behaviour.receive(chunks(), exchange) : chunks()),
    atRest: behaviour.atRest,
  }
}

async function send(
  { dialect, now }: Service,
  exchange: Exchange,
  record: RequestRecord,
  reply: Reply,
  behaviour: Behaviour,
): Promise<void> {
  const { response, call } = exchange
  const { status, body } = reply
  const keepAlive = response.shouldKeepAlive && !exchange.bodyUnwanted
  const headers: Record<string, string> = {
    ...dialect.commonHeaders,
    [`${dialect.headerPrefix}request-id`]: call.requestId,
    // Said outright, so that Node adds no Keep-Alive hint: the real services give none.
    // Clients set their clock by it.
    date: now().toUTCString(),
    connection: keepAlive ? 'keep-alive' : 'close',
    ...reply.headers,
  }
  if (body) headers['content-length'] = String(body.size)
  else if (status !== 204 && status !== 304) headers['content-length'] ??= '0'
  try {
    response.writeHead(status, headers)
    record.status = status
    if (body && call.method !== 'HEAD') await sendBody(exchange, record, body.chunks(), behaviour)
    response.end()
  } finally {
    await body?.done?.()
  }
}

async function sendBody(
  exchange: Exchange,
  record: RequestRecord,
  chunks: AsyncIterable<Uint8Array>,
  behaviour: Behaviour,
): Promise<void> {
  const { response } = exchange
  for await (const chunk of behaviour.deliver ? behaviour.deliver(chunks, exchange) : chunks) {
    if (response.destroyed) throw new PeerGone('the client left')
    record.bytesSent += chunk.length
    if (!response.write(chunk)) await drained(response)
  }
}
