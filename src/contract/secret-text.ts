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
  'auth',
  'token',
  'credentials',
])

const secretName =
  /authorization|secret|(?:security|session|access|refresh|id)[-_]?token|password|passwd|cookie|api[-_]?key|signature|signkey/i

/** Whether a field of this name is taken off an error whatever its value is. Symbols count by their description. */
export function hasSecretName(key: unknown): boolean {
  const name = typeof key === 'symbol' ? key.description : key
  return typeof name === 'string' && (carriers.has(name) || secretName.test(name))
}

const replacements: readonly (readonly [RegExp, string])[] = [
  // Signed queries of both dialects.
  [
    /((?:x-amz-(?:signature|credential|security-token)|x-cos-security-token|q-signature|q-ak|sign|signature|sig)=)[^&\s"'<>,;]+/gi,
    '$1[redacted]',
  ],
  // Authorization values quoted in a message, to the end of the line: they may have several words.
  [/\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?)[^"'\r\n]+/gi, '$1[redacted]'],
  [/\b(bearer\s+)[\w.~+/=-]{8,}/gi, '$1[redacted]'],
  // Fields of a configuration that was printed into a message.
  [
    /\b((?:aws_?)?secret[\w-]*|[\w-]*(?:security|session)[-_]?token|password)(["']?\s*[:=]\s*["']?)[^"'&\s<>,;}]+/gi,
    '$1$2[redacted]',
  ],
  // Names and passwords in front of a host.
  [/(:\/\/)[^/\s"'<>@]+:[^/\s"'<>@]+@/g, '$1[redacted]@'],
  // S3 and COS answer a bad signature with what they would have signed.
  [
    /<(StringToSign|StringToSignBytes|CanonicalRequest|CanonicalRequestBytes|SignatureProvided|AWSAccessKeyId|FormatString)>[\s\S]*?<\/\1>/g,
    '<$1>[redacted]</$1>',
  ],
]

export const cleanText = (text: string): string =>
  replacements.reduce((cleaned, [secret, harmless]) => cleaned.replace(secret, harmless), text)

export const showsSecret = (text: string): boolean => cleanText(text) !== text
