import type { Call } from './call'
import type { DigestName } from './model/hasher'
import type { StoredObject } from './model/object'
import type { Quirks } from './quirks'
import type { ServiceError } from './service-error'

/** Sizes in bytes. Every one may be set lower, so that tests reach a limit cheaply. */
export interface ServerLimits {
  /** Of every part but the last; checked when the upload is completed. */
  readonly minPartSize: number
  readonly maxPartSize: number
  readonly maxPutSize: number
  readonly maxParts: number
  /** Of a key in UTF-8. */
  readonly maxKeySize: number
  /** Of the XML that completes an upload. */
  readonly maxCompleteSize: number
}

/** What differs between the two services: signatures, names of headers, digests and some errors. */
export interface Dialect {
  readonly headerPrefix: 'x-amz-' | 'x-cos-'
  readonly namespace?: string
  readonly limits: ServerLimits
  readonly storageClasses: ReadonlySet<string>
  /** Classes whose objects must be restored before they can be read. */
  readonly frozenClasses: ReadonlySet<string>
  readonly defaultContentType: string
  readonly objectDigests: ReadonlySet<DigestName>
  readonly partDigests: ReadonlySet<DigestName>
  /** @throws ServiceError where the bucket is not the server's */
  locate(host: string | undefined, path: string): { readonly bucket?: string; readonly key: string }
  /** @throws ServiceError where the signature, its time or its token is wrong */
  authorise(call: Call): void
  /** What the signature says of the body; checked when it has arrived. */
  signedSha256(call: Call): string | undefined
  /** @throws ServiceError where a body comes in a way the service does not take */
  checkTransfer(call: Call): void
  /** @throws ServiceError where `call` may not replace, or must replace, `existing` */
  checkExisting(call: Call, existing: StoredObject | undefined): void
  /** @throws ServiceError for part numbers the service refuses to join, though they ascend */
  checkNumbers(numbers: readonly number[]): void
  readonly errors: {
    readonly keyTooLong: ServiceError
    readonly noParts: ServiceError
    readonly storageClass: ServiceError
    /** For a copy of a range that does not lie within its source. */
    readonly copyRange: ServiceError
  }
  readonly quirks: Quirks
  digestHeaders(digests: { readonly crc64?: string }): Record<string, string>
  readonly commonHeaders: Readonly<Record<string, string>>
  /** The key that the copy-source header names, in this server's one bucket. */
  copySource(value: string): string
  errorDocument(error: ServiceError, call: Call): string
}
