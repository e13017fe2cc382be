import type { RequestOptions } from 'node:http'

/** The calls of the SDK that are used, with the parameters that are used: its own types are weak. */
export interface SdkCalls {
  headObject: ObjectParams & { VersionId?: string }
  getObject: ObjectParams & { VersionId?: string }
  /** `SkipTask`: not through the queue, which sends three at a time and cannot be cancelled. */
  putObject: ObjectParams & { ContentLength: number; SkipTask: true }
  deleteObject: ObjectParams & { VersionId?: string }
  multipartInit: ObjectParams
  multipartUpload: ObjectParams & { UploadId: string; PartNumber: number; ContentLength: number }
  multipartComplete: ObjectParams & { UploadId: string; Parts: { PartNumber: number; ETag: string }[] }
  multipartAbort: ObjectParams & { UploadId: string }
  multipartListPart: ObjectParams & { UploadId: string; PartNumberMarker?: string; MaxParts?: number }
  multipartList: ListParams & { KeyMarker?: string; UploadIdMarker?: string; MaxUploads?: number }
  getBucket: ListParams & { Marker?: string; MaxKeys?: number }
}

interface ObjectParams {
  Key: string
}

interface ListParams {
  Prefix?: string
  EncodingType: 'url'
}

/** A COS instance, of 2.15 or 3.x, as far as it is used. */
export type CosSdk = {
  readonly options: Readonly<Record<string, unknown>>
  on(event: 'before-send', listener: (request: SdkRequest) => void): void
  off(event: 'before-send', listener: (request: SdkRequest) => void): void
} & { [name in keyof SdkCalls]: (params: never) => unknown }

/** What the SDK hands to its HTTP layer, cos-request (in 2.15 its origin, request); shown by `before-send`. */
export interface SdkRequest {
  readonly url: string
  headers: Record<string, unknown>
  agent?: unknown
  pool?: unknown
  proxy?: unknown
  httpModules?: Record<string, { request(options: RequestOptions): unknown }>
}
