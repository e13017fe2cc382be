import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createDigester } from '../../src/integrity/digester'

const text = Buffer.from('123456789')
const CRC64 = '11051210869376104954'
const MD5 = '25f9e794323b453885f5181f1b624d0b'

describe('A digester', () => {
  it('computes the digests it is asked for, and no others', () => {
    for (const [names, expected] of [
      [['crc64', 'md5'], { crc64: CRC64, md5: MD5 }],
      [['crc64'], { crc64: CRC64 }],
      [['md5'], { md5: MD5 }],
      [[], {}],
    ] as const) {
      const digester = createDigester(names)
      digester.update(text)
      expect(digester.digest()).toStrictEqual(expected)
    }
  })

  it('knows the digests of nothing', () => {
    expect(createDigester(['crc64', 'md5']).digest()).toEqual({
      crc64: '0',
      md5: 'd41d8cd98f00b204e9800998ecf8427e',
    })
  })

  it('can be asked again, and in between', () => {
    const digester = createDigester(['crc64', 'md5'])
    digester.update(text.subarray(0, 4))
    expect(digester.digest().md5).toBe(createHash('md5').update('1234').digest('hex'))
    digester.update(text.subarray(4))
    expect(digester.digest()).toEqual({ crc64: CRC64, md5: MD5 })
    expect(digester.digest()).toEqual({ crc64: CRC64, md5: MD5 })
  })

  it('keeps nothing of a chunk, so its buffer may be used again', () => {
    const digester = createDigester(['crc64', 'md5'])
    const buffer = Buffer.alloc(3)
    for (const part of ['123', '456', '789']) {
      buffer.write(part)
      digester.update(buffer)
    }
    expect(digester.digest()).toEqual({ crc64: CRC64, md5: MD5 })
  })
})
