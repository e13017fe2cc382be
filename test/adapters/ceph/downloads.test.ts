import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ceph } from '../../../src/adapters/ceph'

const credentials = { accessKeyId: 'example', secretAccessKey: 'example-key' }

/** A store whose gateway, or a cache in front of it, gives the same ten bytes to everybody. */
async function answering(headers: Record<string, string>) {
  const whole = { 'content-range': 'bytes 0-9/10', 'content-length': '10', etag: '"one"' }
  const server = createServer((_, response) => {
    response.writeHead(206, { ...whole, ...headers }).end('0123456789')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const store = ceph({ bucket: 'bucket', endpoint, credentials })
  onTestFinished(() => void server.close())
  onTestFinished(() => store.close())
  return store
}

const range = { start: 0, end: 10 }

describe('a download from Ceph', () => {
  it.each([
    ['"one"', {}],
    ['one', { 'x-amz-version-id': 'one' }],
    ['one', {}],
  ])('of the version %s is what was asked for', async (version, headers) => {
    const store = await answering(headers)
    const chunks: Uint8Array[] = []
    for await (const chunk of await store.source('key').open(range, { version }))
      chunks.push(Buffer.from(chunk))
    expect(String(Buffer.concat(chunks))).toBe('0123456789')
  })

  it.each([
    ['"one"', { etag: '"other"' }],
    ['one', { 'x-amz-version-id': 'other' }],
  ])(
    'of another version than %s is refused, though a cache on the way does not',
    async (version, headers) => {
      const store = await answering(headers)
      await expect(store.source('key').open(range, { version })).rejects.toMatchObject({
        code: 'SOURCE_CHANGED',
        retry: 'permanent',
      })
    },
  )

  it.each([
    ['another place', { 'content-range': 'bytes 10-19/20' }],
    ['more than was asked for', { 'content-range': 'bytes 0-10/20', 'content-length': '11' }],
    ['no range', { 'content-range': '' }],
  ])('that is of %s is refused', async (_, headers) => {
    const store = await answering(headers)
    await expect(store.source('key').open(range)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })
})
