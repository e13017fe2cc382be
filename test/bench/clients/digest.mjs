import { createHash } from 'node:crypto'
import { Crc64 } from 'sluiceway/testing'
import { pattern, period } from '../pattern.mjs'
import { measure, setting } from './measure.mjs'

/** The digests alone, over chunks as large as a transfer has them. */
const chunk = 256 * 1024
const make = { md5: () => createHash('md5'), crc64: () => new Crc64() }
const digests = setting.digests.map((name) => make[name]())

await measure(async () => {
  for (let done = 0; done < setting.size; done += chunk) {
    const start = done % period
    const bytes = pattern.subarray(start, start + chunk)
    for (const digest of digests) digest.update(bytes)
  }
})
