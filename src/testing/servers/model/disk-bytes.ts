import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BytesStore } from './bytes'

const readSize = 512 * 1024

/** One file for each body, under a folder that is made when the first arrives. */
export const diskBytes = (dir: string): BytesStore => ({
  async create() {
    await mkdir(dir, { recursive: true })
    const path = join(dir, randomUUID())
    const file = await open(path, 'wx')
    let size = 0
    return {
      async write(chunk) {
        for (let done = 0; done < chunk.length; ) {
          const { bytesWritten } = await file.write(chunk, done)
          done += bytesWritten
        }
        size += chunk.length
      },
      async finish() {
        await file.close()
        return {
          size,
          async *read(start, end) {
            if (start < end) yield* createReadStream(path, { start, end: end - 1, highWaterMark: readSize })
          },
          dispose: () => rm(path, { force: true }),
        }
      },
      async discard() {
        await file.close()
        await rm(path, { force: true })
      },
    }
  },
})
