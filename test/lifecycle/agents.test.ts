import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as http from 'node:http'
import { get as getTls } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import * as net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { LifecycleAgents } from '../../src/lifecycle/agents'
import { Freshness, type FreshnessOptions } from '../../src/lifecycle/freshness'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

function agents(options: FreshnessOptions & { connectTimeout?: number } = {}) {
  const made = new LifecycleAgents(new Freshness(options), options)
  closers.push(() => made.destroy())
  return made
}

async function get(
  port: number,
  agent: http.Agent,
): Promise<{ body: string; socket: Socket; reused: boolean }> {
  const request = http.get({ host: '127.0.0.1', port, agent })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const { socket } = response
  let body = ''
  for await (const chunk of response) body += chunk
  return { body, socket, reused: request.reusedSocket }
}

/** A failing `http.get`, as the error it fails with. */
async function failure(start: () => http.ClientRequest): Promise<unknown> {
  return new Promise((resolve) => void start().once('error', resolve))
}

describe('the connection agents', () => {
  it('use a connection again', async () => {
    const port = await listen(http.createServer((_, reply) => reply.end('x')))
    const { http: agent } = agents()
    const first = await get(port, agent)
    const second = await get(port, agent)
    expect(second.reused).toBe(true)
    expect(second.socket).toBe(first.socket)
  })

  it('open as many connections as there are requests', async () => {
    let waiting = 0
    const replies: http.ServerResponse[] = []
    const server = http.createServer((_, reply) => {
      waiting++
      replies.push(reply)
      if (waiting === 80) for (const each of replies) each.end('x')
    })
    const port = await listen(server)
    const { http: agent } = agents()
    const all = await Promise.all(Array.from({ length: 80 }, () => get(port, agent)))
    expect(new Set(all.map((each) => each.socket)).size).toBe(80)
  })

  it('close a connection that is idle for longer than maxIdle', async () => {
    const port = await listen(http.createServer((_, reply) => reply.end('x')))
    const { http: agent } = agents({ maxIdle: 50 })
    const { socket } = await get(port, agent)
    await once(socket, 'close')
    expect(Object.keys(agent.freeSockets)).toEqual([])
  })

  it('leave a connection in use alone, however long its peer is silent', async () => {
    const server = http.createServer((_, reply) => void setTimeout(() => reply.end('late'), 300))
    const port = await listen(server)
    const { http: agent } = agents({ maxIdle: 40 })
    let timeouts = 0
    const ask = async () => {
      const request = http.get({ host: '127.0.0.1', port, agent })
      request.on('timeout', () => timeouts++)
      request.on('socket', (socket) => socket.on('timeout', () => timeouts++))
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      response.resume()
      await once(response, 'end')
      return request.reusedSocket
    }
    expect(await ask()).toBe(false)
    expect(await ask()).toBe(true)
    expect(timeouts).toBe(0)
  })

  it('obey the shorter limit that the server announces', async () => {
    const server = http.createServer((_, reply) => reply.end('x'))
    server.keepAliveTimeout = 1500
    const port = await listen(server)
    const { http: agent } = agents({ maxIdle: 600_000 })
    const { socket } = await get(port, agent)
    await once(socket, 'close')
    expect(Object.keys(agent.freeSockets)).toEqual([])
  })

  it('do not keep the process alive with idle connections', async () => {
    const port = await listen(http.createServer((_, reply) => reply.end('x')))
    const script = `
      import { createLifecycle } from './src/lifecycle'
      import http from 'node:http'
      const { http: agent } = createLifecycle({ maxIdle: 600_000 }).agents
      const ask = (done) => http.get({ host: '127.0.0.1', port: ${port}, agent }, (reply) => {
        reply.resume()
        reply.on('end', () => setImmediate(done))
      })
      ask(() => ask(() => console.log(Object.keys(agent.freeSockets).length)))
    `
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    closers.push(() => child.kill())
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(output.trim()).toBe('1')
  })
})

describe('a connection that takes too long', () => {
  /** Accepts TCP and never answers, so a TLS handshake with it never ends. */
  const silent = () => listen(net.createServer(() => {}))

  it('fails with TIMEOUT, worth another attempt', async () => {
    const port = await silent()
    const made = agents({ connectTimeout: 50 })
    const error = await failure(() => getTls({ host: '127.0.0.1', port, agent: made.https }))
    expect(error).toMatchObject({ code: 'TIMEOUT', retry: 'temporary', context: { timeout: 50 } })
  })

  it('fails after the limit of the call, where it has one', async () => {
    const port = await silent()
    const made = agents({ connectTimeout: 600_000 })
    const { https: agent } = made.for({ connectTimeout: 40 })
    const error = await failure(() => getTls({ host: '127.0.0.1', port, agent }))
    expect(error).toMatchObject({ code: 'TIMEOUT', context: { timeout: 40 } })
  })

  it('keeps the limit of the agents where the call has none', async () => {
    const port = await silent()
    const made = agents({ connectTimeout: 30 })
    const { https: agent } = made.for({})
    const error = await failure(() => getTls({ host: '127.0.0.1', port, agent }))
    expect(error).toMatchObject({ code: 'TIMEOUT', context: { timeout: 30 } })
  })

  it('is not cut once it is made, however slow the reply', async () => {
    const port = await listen(http.createServer((_, reply) => void setTimeout(() => reply.end('late'), 200)))
    const { http: agent } = agents({ connectTimeout: 60 })
    expect((await get(port, agent)).body).toBe('late')
  })
})
