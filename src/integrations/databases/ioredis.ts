import type { Resource } from '../../lifecycle/resource'

/** A client of ioredis, as far as it is used; a cluster is none. */
export interface IoredisClient {
  readonly status: string
  ping(): Promise<unknown>
}

/** What is used of a client beside its interface; the same in ioredis 4 to 6. */
interface Core {
  readonly stream?: Stream
  readonly commandQueue: { readonly length: number }
  /** Says whether it is subscribed. */
  readonly condition?: { readonly subscriber?: unknown }
}

interface Stream {
  destroy(): unknown
}

/**
 * The one connection of an ioredis client, which a lifecycle keeps fresh. While commands are under way, a blocking one
 * included, or while it is subscribed, it is in use and left alone. One that was dropped is made again by the client.
 *
 * @example
 * lifecycle.register(ioredisConnection(redis))
 */
export function ioredisConnection(redis: IoredisClient): Resource<Stream> {
  const core = redis as unknown as Core
  /** Our own questions make no connection a busy one. */
  let asking = 0
  return {
    name: 'ioredis',
    idle() {
      const { stream, commandQueue, condition } = core
      const idle = redis.status === 'ready' && !condition?.subscriber && commandQueue.length <= asking
      return idle && stream ? [stream] : []
    },
    async isUsable() {
      asking += 1
      try {
        return (await redis.ping()) === 'PONG'
      } finally {
        asking -= 1
      }
    },
    discard: (stream) => void stream.destroy(),
  }
}
