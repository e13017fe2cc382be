import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { rawServer, reply } from './raw-server'

describe('a process with idle connections of direct GETs', () => {
  it('ends on its own, long before they do', async () => {
    const server = await rawServer((socket) => socket.write(reply('x')))
    const script = `
      import { unownedDirectGet } from './test/adapters/object-store/direct-get/raw-server'
      const direct = unownedDirectGet()
      const request = { protocol: 'http:', host: '127.0.0.1', port: ${server.port}, path: '/', headers: { host: 'h' } }
      for (let nth = 0; nth < 2; nth++) {
        const { body } = await direct.get(request)
        for await (const chunk of body) console.log(String(Buffer.from(chunk)))
      }
    `
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill())
    let output = ''
    child.stdout.on('data', (text) => {
      output += text
    })
    const [code] = await once(child, 'close')
    expect({ code, output }).toEqual({ code: 0, output: 'x\nx\n' })
    expect(server.accepted).toBe(1)
  })
})
