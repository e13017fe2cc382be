import { open } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openHandles, settled } from '../../support/handles'

describe('the count of open handles', () => {
  it('sees a file while it is open', async () => {
    const path = fileURLToPath(import.meta.url)
    const file = await open(path)
    expect(openHandles().files).toContain(path)
    await file.close()
    expect(openHandles().files).not.toContain(path)
  })

  it('sees sockets, and that they are gone again', async () => {
    const before = openHandles().sockets
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [peer] = await Promise.all([
      new Promise<import('node:net').Socket>((resolve) => server.once('connection', resolve)),
      new Promise((resolve) => client.once('connect', resolve)),
    ])
    expect(openHandles().sockets).toBe(before + 3)
    expect(openHandles().active.TCPSocketWrap).toBeGreaterThanOrEqual(2)
    for (const one of [client, peer]) one.destroy()
    server.close()
    await settled(() => expect(openHandles().sockets).toBe(before))
  })
})

describe('waiting until things have settled', () => {
  it('asks until the answer is yes', async () => {
    let asked = 0
    await settled(() => ++asked === 3)
    expect(asked).toBe(3)
  })

  it('gives up with the last error', async () => {
    await expect(settled(() => false, 50)).rejects.toThrow('not settled after 50 ms')
    const failure = new Error('still open')
    await expect(settled(() => Promise.reject(failure), 50)).rejects.toBe(failure)
  })
})
