import { once } from 'node:events'
import * as http from 'node:http'
import * as https from 'node:https'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { certificate } from '../../../support/certificate'
import { type OddResponse, oddResponse, plainResponse } from './odd-responses'
import {
  type Protocol,
  protocols,
  type RawServer,
  rawServer,
  reply,
  requestTo,
  textOf,
  unownedDirectGet,
} from './raw-server'

interface Outcome {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Answers each request with the response whose number is its path, and closes the connection. */
async function oddServer(protocol: Protocol): Promise<RawServer & { answer: OddResponse }> {
  const server = await rawServer(
    async (socket) => {
      const { text, cuts } = made.answer
      for (const [index, cut] of [0, ...cuts].entries()) {
        socket.write(text.slice(cut, cuts[index]), 'latin1')
        // The pieces have to arrive one by one.
        await turn()
      }
      socket.end()
    },
    { protocol },
  )
  const made = Object.assign(server, { answer: { text: '', cuts: [] } as OddResponse })
  return made
}

/** What the direct way makes of it; undefined where it leaves it to others, an Error where it fails. */
async function direct(server: RawServer): Promise<Outcome | Error | undefined> {
  const client = unownedDirectGet()
  try {
    const response = await client.get(requestTo(server))
    if (!response) return undefined
    return { status: response.statusCode, headers: response.headers, body: await textOf(response.body) }
  } catch (error) {
    return error as Error
  } finally {
    client.destroy()
  }
}

/** What node:http makes of the same bytes. A response is whole once its last byte is there, whatever comes then. */
async function usual({ protocol, host, port }: RawServer): Promise<Outcome | Error> {
  return new Promise((resolve) => {
    const { get } = protocol === 'https:' ? https : http
    const request = get({ host, port, agent: false, ca: certificate })
    let received: http.IncomingMessage | undefined
    const fail = (error?: Error) => {
      if (!received?.complete) resolve(error ?? new Error('closed without an answer'))
    }
    request.on('error', fail)
    request.on('close', () => setImmediate(fail))
    request.on('response', (response) => {
      received = response
      const status = response.statusCode!
      const headers = Object.entries(response.headers).map(([name, value]) => [
        name,
        [value].flat().join(', '),
      ])
      textOf(response).then(
        (body) => resolve({ status, headers: Object.fromEntries(headers), body }),
        resolve,
      )
    })
  })
}

/** A hang is a failure of its own, and must not look like a slow test. */
async function soon<T>(promise: Promise<T>): Promise<T> {
  const timeout = AbortSignal.timeout(5_000)
  return Promise.race([promise, once(timeout, 'abort').then(() => Promise.reject(new Error('hangs')))])
}

describe.each(protocols)('the direct way (%s), compared with node:http on the same bytes', (protocol) => {
  it('gives the same answer, or leaves it to node:http, or fails as that does', async () => {
    const server = await oddServer(protocol)
    const property = fc.asyncProperty(oddResponse, async (answer) => {
      server.answer = answer
      const [ours, theirs] = [await soon(direct(server)), await soon(usual(server))]
      if (ours === undefined) return
      if (ours instanceof Error) expect(theirs).toBeInstanceOf(Error)
      else expect(ours).toEqual(theirs)
    })
    await fc.assert(property, { numRuns: 3_000, interruptAfterTimeLimit: 5_000 })
  })

  it('takes every plain answer, wherever it is cut', async () => {
    const server = await oddServer(protocol)
    const property = fc.asyncProperty(plainResponse, async (answer) => {
      server.answer = answer
      const ours = await soon(direct(server))
      expect(ours).toEqual(await soon(usual(server)))
      expect(ours).not.toBeInstanceOf(Error)
    })
    await fc.assert(property, { numRuns: 400, interruptAfterTimeLimit: 2_000 })
  })

  it('is the same at every single cut of small answers', async () => {
    const server = await oddServer(protocol)
    for (const text of [
      reply('hello', 'E: "a"'),
      `${reply('ab')}junk`,
      'HTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n',
    ]) {
      server.answer = { text, cuts: [] }
      const theirs = await usual(server)
      expect(theirs).not.toBeInstanceOf(Error)
      for (let cut = 1; cut < text.length; cut++) {
        server.answer = { text, cuts: [cut] }
        expect(await soon(direct(server))).toEqual(theirs)
      }
    }
  })

  it('never takes an answer that was closed early, at whichever byte', async () => {
    const server = await oddServer(protocol)
    const text = reply('hello')
    for (let size = 0; size < text.length; size++) {
      server.answer = { text: text.slice(0, size), cuts: [] }
      expect(await soon(direct(server))).toBeInstanceOf(Error)
    }
  })
})
