import type { ServerLimits } from './dialect'
import type { BytesStore } from './model/bytes'
import { discardBytes } from './model/discard-bytes'
import { diskBytes } from './model/disk-bytes'
import { memoryBytes } from './model/memory-bytes'

/**
 * Where bodies are kept. `'memory'`; a folder; or `'discard'`: sizes and digests are kept and the bytes are not, and
 * a GET of such an object is refused with 501 NotImplemented.
 */
export type ServerStorage = 'memory' | 'discard' | { readonly dir: string }

export interface TestServerOptions {
  /** @default 'memory' */
  readonly storage?: ServerStorage
  /** @default 0: any free one */
  readonly port?: number
  /** Milliseconds after which an idle connection is closed. @default 65000, as a Ceph gateway does */
  readonly keepAliveTimeout?: number
  /** Lower limits let tests reach them cheaply. @default those of the service */
  readonly limits?: Partial<ServerLimits>
  /** The server's clock, for signatures that expire. @default () => new Date() */
  readonly now?: () => Date
}

export function bytesStore(storage: ServerStorage): BytesStore {
  if (storage === 'memory') return memoryBytes()
  return storage === 'discard' ? discardBytes() : diskBytes(storage.dir)
}
