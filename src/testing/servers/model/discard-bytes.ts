import { ServiceError } from '../service-error'
import type { BytesStore } from './bytes'

/** Counts and forgets, for benches whose objects would fit nowhere. Reading such an object is refused. */
export const discardBytes = (): BytesStore => ({
  async create() {
    let size = 0
    return {
      write(chunk) {
        size += chunk.length
      },
      async finish() {
        return {
          size,
          read() {
            throw new ServiceError(501, 'NotImplemented', "this server was started with storage: 'discard'")
          },
          async dispose() {},
        }
      },
      async discard() {},
    }
  },
})
