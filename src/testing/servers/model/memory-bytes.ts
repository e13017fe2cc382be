import type { BytesStore } from './bytes'

/** Keeps every chunk it is given. */
export const memoryBytes = (): BytesStore => ({
  async create() {
    const chunks: Uint8Array[] = []
    let size = 0
    return {
      write(chunk) {
        chunks.push(chunk)
        size += chunk.length
      },
      async finish() {
        return {
          size,
          async *read(start, end) {
            let offset = 0
            for (const chunk of chunks) {
              if (offset >= end) return
              const from = Math.max(start - offset, 0)
              const to = Math.min(end - offset, chunk.length)
              if (from < to) yield chunk.subarray(from, to)
              offset += chunk.length
            }
          },
          async dispose() {},
        }
      },
      async discard() {},
    }
  },
})
