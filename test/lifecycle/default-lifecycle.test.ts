import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createLifecycle, lifecycle } from '../../src/lifecycle'
import { isLifecycle } from '../../src/lifecycle/internals'

/** Runs a module in a process of its own, which must end by itself. @returns what it prints */
async function runs(script: string): Promise<string> {
  const args = ['--expose-gc', '--no-warnings', '--import', 'tsx', '--input-type=module', '-e', script]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return stdout.trim()
}

describe('the default lifecycle', () => {
  it('is one, however often the package is loaded', async () => {
    vi.resetModules()
    const again = await import('../../src/lifecycle')
    expect(again.createLifecycle).not.toBe(createLifecycle)
    expect(again.lifecycle).toBe(lifecycle)
  })

  it('is known as a lifecycle by every copy of the package', async () => {
    vi.resetModules()
    const again = await import('../../src/lifecycle/internals')
    expect(again.isLifecycle).not.toBe(isLifecycle)
    expect(again.isLifecycle(lifecycle)).toBe(true)
  })

  it('opens nothing, starts no timer and shows on no list when it is loaded', async () => {
    const output = await runs(`
      const names = Object.keys(globalThis).length
      await import('./src/lifecycle')
      console.log(Object.keys(globalThis).length - names, process.getActiveResourcesInfo().includes('Timeout'))
    `)
    expect(output).toBe('0 false')
  })

  it('keeps no process alive, whatever it was used for', async () => {
    const server = createServer((_, reply) => reply.end('x')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const output = await runs(`
      import http from 'node:http'
      import { lifecycle } from './src/lifecycle'
      lifecycle.register({ name: 'r', idle: () => ['c'], isUsable: () => true, discard() {} })
      await lifecycle.withTask(() => new Promise((done) => {
        http.get({ host: '127.0.0.1', port: ${port}, agent: lifecycle.agents.http }, (reply) => {
          reply.resume().on('close', done)
        })
      }))
      console.log('done')
    `)
    expect(output).toBe('done')
  })

  it('leaks nothing and costs under 50 microseconds for each of 10,000 tasks', async () => {
    const output = await runs(`
      import { lifecycle } from './src/lifecycle'
      const tasks = async () => {
        for (let nth = 0; nth < 10_000; nth += 1) {
          await lifecycle.onTaskStart()
          await lifecycle.onTaskEnd()
        }
        for (let nth = 0; nth < 1000; nth += 1) await lifecycle.withTask(() => nth)
      }
      await tasks()
      gc()
      const before = process.memoryUsage().heapUsed
      await tasks()
      const cpu = process.cpuUsage()
      for (let nth = 0; nth < 10_000; nth += 1) await lifecycle.onTaskStart()
      const { user, system } = process.cpuUsage(cpu)
      gc()
      const leaked = process.memoryUsage().heapUsed - before
      console.log(JSON.stringify({ leaked, each: (user + system) / 10_000, active: process.getActiveResourcesInfo() }))
    `)
    const { leaked, each, active } = JSON.parse(output)
    expect(leaked).toBeLessThan(200_000)
    expect(each).toBeLessThan(50)
    expect(active.filter((kind: string) => kind === 'Timeout' || kind === 'Immediate')).toEqual([])
  })
})
