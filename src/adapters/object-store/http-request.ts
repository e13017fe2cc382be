import * as http from 'node:http'
import * as https from 'node:https'
import type { RequestBody } from './request-body'

/** Names in lower case. */
export type Headers = http.IncomingHttpHeaders

export interface HttpRequest {
  readonly protocol: string
  readonly method: string
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
  /** Path and query, encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** What a stream has to be told from its own promise: whether it was read to its end. */
  readonly body?: Uint8Array | RequestBody | undefined
}

export interface HttpAgents {
  readonly http: http.Agent
  readonly https: http.Agent
}

/** The body is left to whoever calls. */
export function startRequest({ protocol, body, ...options }: HttpRequest, agents: HttpAgents) {
  return protocol === 'https:'
    ? https.request({ ...options, agent: agents.https })
    : http.request({ ...options, agent: agents.http })
}

/**
 * Sends a request through Node's client and gives the answer, whatever its status. The answer must be read to its end
 * or destroyed. The signal closes the connection until then.
 */
export function sendRequest(
  request: HttpRequest,
  agents: HttpAgents,
  signal?: AbortSignal,
): Promise<http.IncomingMessage> {
  const { body } = request
  return new Promise((resolve, reject) => {
    const sent = startRequest(request, agents)
    const stop = () => {
      reject(signal?.reason)
      // Without the reason: with one, the connection counts as broken by the network.
      sent.destroy()
    }
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
    // Stays on: writing the rest of a body after an early answer fails too, and must not end the process.
    sent.on('error', reject)
    let answered = false
    sent.once('close', () => {
      signal?.removeEventListener('abort', stop)
      if (!answered) reject(closed('before there was an answer'))
    })
    sent.once('response', (message) => {
      answered = true
      // Until somebody reads, nobody else listens.
      message.on('error', () => {})
      if (sent.writableFinished || isStream(body)) return resolve(message)
      // Nobody would send the rest, and the connection would be held for ever.
      message.once('close', () => sent.destroy())
      // A success that comes before the whole body has been sent proves nothing of it.
      if ((message.statusCode ?? 0) >= 300) return resolve(message)
      reject(closed('before the whole body was sent'))
      sent.destroy()
    })
    if (isStream(body)) body.pipe(sent)
    else if (body) sent.end(body)
    else sent.end()
  })
}

const isStream = (body: HttpRequest['body']): body is RequestBody => body !== undefined && 'pipe' in body

export function closed(when: string): Error {
  return Object.assign(new Error(`The connection was closed ${when}.`), { code: 'ECONNRESET' })
}
