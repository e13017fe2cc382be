import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'

/** An application that knows nothing of this package, and stands still between two requests. */
const application = (port: number) => `
  const http = require('node:http')
  const ask = () => new Promise((done) => {
    const request = http.get({ host: '127.0.0.1', port: ${port} }, (reply) => {
      reply.resume().on('close', () => setImmediate(done, request.reusedSocket))
    })
  })
  const main = async () => {
    await ask()
    const again = await ask()
    // The machine sleeps: the clock of the wall goes on.
    const now = Date.now()
    Date.now = () => now + 60_000
    await new Promise((done) => setTimeout(done, 1500))
    console.log(again, await ask())
  }
  main()
`

async function runs(port: number, ...args: string[]): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--import', 'tsx', ...args, '-e', application(port)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  const [code] = await once(child, 'close')
  expect(code).toBe(0)
  return output.trim()
}

it.each([
  ['keeps no stale connection of the global agents', ['--import', './src/preload.ts'], 'true false'],
  ['is what makes the difference', [], 'true true'],
])('a preload %s', async (_, args, said) => {
  const server = createServer({ keepAliveTimeout: 60_000 }, (_request, reply) => reply.end('x'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  expect(await runs((server.address() as AddressInfo).port, ...args)).toBe(said)
})
