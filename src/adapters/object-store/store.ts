import type { Sink, SinkCapabilities } from '../../contract/sink'
import type { ObjectInfo, Source } from '../../contract/source'
import type { ListOptions, SinkOptions, SourceOptions, Store } from '../../contract/store'
import type { HoldsUnfinished } from '../../resume/unfinished'
import { throwIfAborted } from './abort'
import type { ObjectApi } from './api'
import { Background } from './background'
import { checkKey } from './key'
import { ObjectSink } from './sink'
import { ObjectSource } from './source'
import { toldRequests } from './told-requests'
import { unfinishedUploads } from './unfinished'

export interface ObjectStoreOptions {
  readonly capabilities: SinkCapabilities
  /** Gives back the connections, once cleanup is done. Called at most once. */
  close(): Promise<void> | void
  /** @throws INVALID_KEY. @default 1 to 1024 bytes of UTF-8, well-formed */
  checkKey?(key: string): void
  /** @throws UNSUPPORTED for attributes that cannot be carried. @default anything goes */
  checkAttributes?(attributes: SinkOptions): void
}

/** A store over the port of a backend: all that Ceph and COS have in common. */
export function objectStore(port: ObjectApi, options: ObjectStoreOptions): Store & HoldsUnfinished {
  const api = toldRequests(port)
  const background = new Background()
  const check = options.checkKey ?? ((key: string) => checkKey(key))
  let closed: Promise<void> | undefined

  async function close(): Promise<void> {
    await background.settle()
    await options.close()
  }

  async function* list(prefix = '', { signal }: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    throwIfAborted(signal, api.name)
    yield* api.list(prefix, { signal })
  }

  return {
    name: api.name,
    source(key: string, sourceOptions?: SourceOptions): Source {
      check(key)
      return new ObjectSource(api, key, sourceOptions)
    },
    sink(key: string, attributes: SinkOptions = {}): Sink {
      check(key)
      options.checkAttributes?.(attributes)
      return new ObjectSink(api, key, { capabilities: options.capabilities, attributes, background })
    },
    list,
    unfinished: (context) => unfinishedUploads(api, context),
    close() {
      closed ??= close()
      return closed
    },
  }
}
