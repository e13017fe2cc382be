import type { StorageClass } from '@aws-sdk/client-s3'
import { TransferError } from '../../contract/errors'
import type { ObjectAttributes } from '../../contract/source'
import { decodeMetadata, encodeMetadata } from './metadata'
import type { ObjectOutput } from './signed/fields'

const headers = [
  'contentType',
  'cacheControl',
  'contentDisposition',
  'contentEncoding',
  'storageClass',
] as const

/** What a request can hold and its signature survives (anything else fails as SignatureDoesNotMatch, or not at all). */
const printable = /^[!-~](?:[ -~]*[!-~])?$/

/** @throws UNSUPPORTED for an attribute that cannot be carried. */
export function checkAttributes(attributes: ObjectAttributes): void {
  toInput(attributes)
}

/** The part of a request that both ways of writing an object have in common. */
export function toInput(attributes: ObjectAttributes) {
  for (const name of headers) checkHeader(name, attributes[name])
  return {
    ContentType: attributes.contentType,
    CacheControl: attributes.cacheControl,
    ContentDisposition: attributes.contentDisposition,
    ContentEncoding: attributes.contentEncoding,
    // Gateways have classes of their own, which the SDK's type does not know.
    StorageClass: attributes.storageClass as StorageClass | undefined,
    Metadata: attributes.metadata && encodeMetadata(attributes.metadata),
  }
}

export function fromOutput(output: ObjectOutput): ObjectAttributes {
  return {
    contentType: output.ContentType,
    cacheControl: output.CacheControl,
    contentDisposition: output.ContentDisposition,
    contentEncoding: output.ContentEncoding,
    metadata: decodeMetadata(output.Metadata),
    storageClass: output.StorageClass,
  }
}

function checkHeader(name: (typeof headers)[number], value: string | undefined): void {
  if (value === undefined || printable.test(value)) return
  const cure = name === 'contentDisposition' ? ` Write such a file name as filename*=UTF-8''...` : ''
  const message = `The attribute ${name} must be printable ASCII without outer spaces, since it travels as a header.${cure}`
  throw new TransferError('UNSUPPORTED', message, { context: { option: name } })
}
