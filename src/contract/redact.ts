/** Fields of SDK and HTTP errors that carry requests, responses or sockets, and with them signed headers. */
const carriers = new Set([
  '$response',
  'request',
  'req',
  'response',
  'res',
  'socket',
  'options',
  'config',
  'headers',
  'url',
  'href',
  'credentials',
])

const secretName = /authorization|secret|security-?token|session-?token|password|signature|signkey/i

/** Signed queries of both dialects, and authorization values quoted in a message. */
const secretText =
  /((?:x-amz-(?:signature|credential|security-token)|x-cos-security-token|q-signature|q-ak|sign|signature)=)[^&\s"'<>,;]+/gi
const authorizationText = /\b(authorization["']?\s*[:=]\s*["']?)[^"'\r\n]+/gi
/** S3 and COS answer a bad signature with what they would have signed. */
const stringToSign =
  /<(StringToSign|StringToSignBytes|CanonicalRequest|CanonicalRequestBytes|SignatureProvided|AWSAccessKeyId|FormatString)>[\s\S]*?<\/\1>/g

const cleanText = (text: string): string =>
  text
    .replace(secretText, '$1[redacted]')
    .replace(authorizationText, '$1[redacted]')
    .replace(stringToSign, '<$1>[redacted]</$1>')

/**
 * Removes from a foreign error, in place, whatever could show a secret when it is printed or serialised: the same
 * object stays the `cause`, so `instanceof` and identity hold for the caller.
 */
export function redact(error: unknown, depth = 0): unknown {
  if (typeof error === 'string') return cleanText(error)
  if (typeof error !== 'object' || error === null || depth > 5) return error
  for (const name of Reflect.ownKeys(error)) {
    if (typeof name !== 'string') continue
    const property = Object.getOwnPropertyDescriptor(error, name)
    if (!property || !('value' in property)) continue
    const value = property.value as unknown
    if (carriers.has(name) || secretName.test(name)) remove(error, name, property)
    else if (typeof value === 'string') replace(error, name, property, cleanText(value))
    else if (typeof value === 'object') redact(value, depth + 1)
  }
  return error
}

function remove(target: object, name: string, property: PropertyDescriptor): void {
  if (property.configurable) Reflect.deleteProperty(target, name)
  else replace(target, name, property, undefined)
}

function replace(target: object, name: string, property: PropertyDescriptor, value: unknown): void {
  if (property.value === value) return
  if (property.configurable || property.writable) Object.defineProperty(target, name, { ...property, value })
}
