import * as http from 'node:http'
import * as https from 'node:https'

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
  readonly body?: Uint8Array
}

/**
 * Sends a request through Node's client and gives the answer, whatever its status. The answer must be read to its end
 * or destroyed. The signal closes the connection until then.
 */
export function sendRequest(
  request: HttpRequest,
  agents: { readonly http: http.Agent; readonly https: http.Agent },
  signal?: AbortSignal,
): Promise<http.IncomingMessage> {
  const { protocol, body, ...options } = request
  const secure = protocol === 'https:'
  return new Promise((resolve, reject) => {
    const agent = secure ? agents.https : agents.http
    const sent = (secure ? https : http).request({ ...options, agent })
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
      if (sent.writableFinished) return resolve(message)
      // Nobody would send the rest, and the connection would be held for ever.
      message.once('close', () => sent.destroy())
      // A success that comes before the whole body has been sent proves nothing of it.
      if ((message.statusCode ?? 0) >= 300) return resolve(message)
      reject(closed('before the whole body was sent'))
      sent.destroy()
    })
    if (body) sent.end(body)
    else sent.end()
  })
}

export function closed(when: string): Error {
  return Object.assign(new Error(`The connection was closed ${when}.`), { code: 'ECONNRESET' })
}
