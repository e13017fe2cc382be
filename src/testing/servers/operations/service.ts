import type { Call } from '../call'
import type { Dialect } from '../dialect'
import type { Bucket } from '../model/bucket'
import type { BytesStore } from '../model/bytes'

/** All that an operation works on. */
export interface Service {
  readonly dialect: Dialect
  readonly bucket: Bucket
  readonly store: BytesStore
  now(): Date
}

/** The body of a request. */
export interface RequestBody {
  /** The Content-Length, where there is one. */
  readonly size?: number
  chunks(): AsyncIterable<Uint8Array>
  /** Applied between digesting and storing: how bytes rot on the disk of the server. */
  atRest?(chunk: Uint8Array): Uint8Array
}

export interface Task {
  readonly service: Service
  readonly call: Call
  readonly body: RequestBody
}
