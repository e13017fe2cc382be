import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLifecycle, type Lifecycle } from '../../src/lifecycle'
import { certificate, certificateKey } from '../support/certificate'

async function secureServer(): Promise<number> {
  const server = createServer({ cert: certificate, key: certificateKey }, (_, reply) => reply.end('x'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function ask(port: number, { agents }: Lifecycle) {
  const request = get({ host: '127.0.0.1', port, agent: agents.https })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const { socket } = response
  response.resume()
  await once(response, 'close')
  return { socket, reused: request.reusedSocket }
}

describe('an agent for https', () => {
  it('keeps its connections fresh as that for http does', async () => {
    const port = await secureServer()
    const lifecycle = createLifecycle({ tls: { ca: certificate } })
    onTestFinished(() => lifecycle.close())
    expect((await ask(port, lifecycle)).reused).toBe(false)
    const { socket, reused } = await ask(port, lifecycle)
    expect(reused).toBe(true)
    await lifecycle.onTaskStart()
    expect(socket.destroyed).toBe(true)
    expect((await ask(port, lifecycle)).reused).toBe(false)
  })

  it('uses no connection past maxAge', async () => {
    const port = await secureServer()
    const lifecycle = createLifecycle({ tls: { ca: certificate }, maxAge: 50 })
    onTestFinished(() => lifecycle.close())
    await ask(port, lifecycle)
    await new Promise((done) => setTimeout(done, 60))
    expect((await ask(port, lifecycle)).reused).toBe(false)
  })

  it('trusts no certificate that nobody it knows has signed', async () => {
    const port = await secureServer()
    await expect(ask(port, createLifecycle())).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  })

  it('trusts the authorities of NODE_EXTRA_CA_CERTS', async () => {
    const port = await secureServer()
    const dir = await mkdtemp(join(tmpdir(), 'sluiceway-tls-'))
    onTestFinished(() => rm(dir, { recursive: true }))
    await writeFile(join(dir, 'ca.pem'), certificate)
    const script = `
      import { get } from 'node:https'
      import { lifecycle } from './src/lifecycle'
      get({ host: '127.0.0.1', port: ${port}, agent: lifecycle.agents.https }, (reply) => {
        console.log(reply.statusCode)
        reply.resume()
      })
    `
    const args = ['--no-warnings', '--import', 'tsx', '--input-type=module', '-e', script]
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(dir, 'ca.pem') }
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const [output] = await once(child.stdout, 'data')
    expect(String(output).trim()).toBe('200')
  })
})
