import { createHash } from 'node:crypto'
import { Crc64 } from 'sluiceway/testing'
import { measure, setting } from './measure.mjs'

/** The digest alone, over chunks as large as a socket gives. */
const chunk = Buffer.alloc(64 * 1024, 7)
const digest = setting.digest === 'md5' ? createHash('md5') : new Crc64()
await measure(setting.size, async () => {
  for (let done = 0; done < setting.size; done += chunk.length) digest.update(chunk)
})
