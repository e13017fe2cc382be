import type { ObjectAttributes } from '../../../contract/source'
import { type Call, header } from '../call'
import type { Dialect } from '../dialect'
import { headerText } from '../percent'

const plain = {
  contentType: 'content-type',
  cacheControl: 'cache-control',
  contentDisposition: 'content-disposition',
  contentEncoding: 'content-encoding',
} as const

/** What the headers of a PUT, a copy or a new upload say the object shall carry. */
export function attributesOf(call: Call, dialect: Dialect): ObjectAttributes {
  const text = (name: string) => {
    const value = header(call, name)
    return value === undefined ? undefined : headerText(value)
  }
  const metadata: Record<string, string> = {}
  const metaPrefix = `${dialect.headerPrefix}meta-`
  for (const name of Object.keys(call.headers)) {
    if (name.startsWith(metaPrefix)) metadata[name.slice(metaPrefix.length)] = text(name) ?? ''
  }
  const storageClass = header(call, `${dialect.headerPrefix}storage-class`)
  if (storageClass !== undefined && !dialect.storageClasses.has(storageClass)) {
    throw dialect.errors.storageClass
  }
  const found: Record<string, unknown> = { metadata, storageClass }
  for (const [field, name] of Object.entries(plain)) found[field] = text(name) || undefined
  return found as ObjectAttributes
}

/** The same, back on a GET or HEAD. */
export function attributeHeaders(attributes: ObjectAttributes, dialect: Dialect): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': dialect.defaultContentType }
  for (const [field, name] of Object.entries(plain)) {
    const value = attributes[field as keyof typeof plain]
    if (value !== undefined) headers[name] = wire(value)
  }
  for (const [name, value] of Object.entries(attributes.metadata ?? {})) {
    headers[`${dialect.headerPrefix}meta-${name.toLowerCase()}`] = wire(value)
  }
  const { storageClass } = attributes
  if (storageClass && storageClass !== 'STANDARD') {
    headers[`${dialect.headerPrefix}storage-class`] = storageClass
  }
  return headers
}

/** Node writes header values as latin1: UTF-8 has to be handed over byte by byte. */
const wire = (value: string): string => Buffer.from(value).toString('latin1')
