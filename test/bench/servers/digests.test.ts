import { createHash } from 'node:crypto'
import { crc64 } from 'sluiceway/testing'
import { expect, it } from 'vitest'
import { period, stretch } from '../pattern.mjs'
import { digestsOf } from './digests'

const bytesOf = (start: number, size: number) => Buffer.concat([...stretch(start, start + size)])

it.each([
  ['a part at a whole MiB', 3 * period, 2 * period],
  ['a stretch across the end of a MiB', 5 * period - 7, 100],
  ['a byte', period + 1, 1],
])('knows the digests of %s', (_, start, size) => {
  const bytes = bytesOf(start, size)
  expect(bytes).toHaveLength(size)
  const md5 = createHash('md5').update(bytes).digest('hex')
  expect(digestsOf(start, size)).toEqual({ md5, crc64: crc64(bytes) })
})

it('tells stretches apart that begin at different places of the MiB', () => {
  expect(digestsOf(1, 1000)).not.toEqual(digestsOf(2, 1000))
  expect(digestsOf(1, 1000)).toEqual(digestsOf(period + 1, 1000))
})
