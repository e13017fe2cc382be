import type { IncomingHttpHeaders } from 'node:http'
import { TransferError } from '../../contract/errors'
import type { ObjectAttributes } from '../../contract/source'
import { decodeText, encodeText, percentEncodeNonAscii, utf8 } from './header-text'

const headerNames = {
  contentType: 'Content-Type',
  cacheControl: 'Cache-Control',
  contentDisposition: 'Content-Disposition',
  contentEncoding: 'Content-Encoding',
  storageClass: 'x-cos-storage-class',
} as const

type HeaderAttribute = keyof typeof headerNames

const attributeNames = Object.keys(headerNames) as HeaderAttribute[]

const metaPrefix = 'x-cos-meta-'

/** https://www.tencentcloud.com/document/product/436/7749: letters, digits and hyphens, no underscores. */
const metaName = /^[a-z0-9-]+$/i

/** Printable ASCII, without spaces at its ends: the network trims them. */
const printable = /^[!-~](?:[ -~]*[!-~])?$/

/**
 * The headers of a PUT or a new upload.
 * @throws UNSUPPORTED for what COS cannot store
 */
export function attributeHeaders(attributes: ObjectAttributes): Record<string, string> {
  checkAttributes(attributes)
  // Empty where there is none: the SDK would invent `application/octet-stream` for a PUT.
  const headers: Record<string, string> = { 'Content-Type': '' }
  for (const name of attributeNames) {
    const value = attributes[name]
    if (value) headers[headerNames[name]] = wireValue(name, value)
  }
  for (const [name, value] of Object.entries(attributes.metadata ?? {})) {
    headers[`${metaPrefix}${name.toLowerCase()}`] = encodeText(value)
  }
  return headers
}

/** @throws UNSUPPORTED for what COS cannot store */
export function checkAttributes(attributes: ObjectAttributes): void {
  for (const name of attributeNames) {
    const value = attributes[name]
    if (value && !printable.test(wireValue(name, value))) {
      throw unsupported(name, 'must be printable ASCII without outer spaces, since it travels as a header')
    }
  }
  for (const [name, value] of Object.entries(attributes.metadata ?? {})) {
    if (!metaName.test(name)) {
      throw unsupported(
        `metadata.${name}`,
        'has a name with more than letters, digits and hyphens; rename it',
      )
    }
    if (typeof value !== 'string' || /\p{Surrogate}/u.test(value)) {
      throw unsupported(`metadata.${name}`, 'must be a string of well-formed Unicode')
    }
  }
}

/** COS wants the file name in a Content-Disposition percent-encoded where it is not ASCII. */
function wireValue(name: HeaderAttribute, value: string): string {
  return name === 'contentDisposition' ? percentEncodeNonAscii(value) : value
}

function unsupported(attribute: string, problem: string): TransferError {
  return new TransferError('UNSUPPORTED', `COS cannot store the attribute ${attribute}: it ${problem}.`, {
    context: { option: attribute },
  })
}

/** The headers of a HEAD, back to attributes. COS states no storage class for STANDARD. */
export function readAttributes(headers: IncomingHttpHeaders): ObjectAttributes {
  const attributes: Record<string, unknown> = {}
  for (const name of attributeNames) {
    const value = headers[headerNames[name].toLowerCase()]
    if (typeof value === 'string' && value !== '') attributes[name] = utf8(value)
  }
  const metadata = Object.entries(headers).flatMap(([header, value]) =>
    header.startsWith(metaPrefix) && typeof value === 'string'
      ? [[header.slice(metaPrefix.length), decodeText(utf8(value))]]
      : [],
  )
  return metadata.length > 0 ? { ...attributes, metadata: Object.fromEntries(metadata) } : attributes
}
