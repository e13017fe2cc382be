import type { Sink } from './sink'
import type { ObjectAttributes, ObjectInfo, Source } from './source'

export interface SourceOptions {
  /** Opens this version, as {@link ObjectInfo.version} named it, instead of the latest. */
  readonly version?: string
}

/** Attributes to set on whatever is written there. They override those of the source. */
export type SinkOptions = ObjectAttributes

export interface ListOptions {
  readonly signal?: AbortSignal
}

/** A bucket, a folder, a map: keys and objects. */
export interface Store {
  /** Such as `ceph:staging`; never holds a secret. */
  readonly name: string
  /** @throws INVALID_KEY for a key the store cannot hold; touches nothing else. */
  source(key: string, options?: SourceOptions): Source
  /** @throws INVALID_KEY for a key the store cannot hold; touches nothing else. */
  sink(key: string, options?: SinkOptions): Sink
  /** Objects whose key starts with `prefix`, in the order of their keys' UTF-8 bytes. */
  list(prefix?: string, options?: ListOptions): AsyncIterable<ObjectInfo>
  /**
   * Awaits cleanup still under way, then closes every socket the store opened. A client that was handed in stays
   * open. May be called twice. Without it nothing keeps the process alive.
   */
  close(): Promise<void>
}
