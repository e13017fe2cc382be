import { TransferError } from '../../contract/errors'

type Metadata = Readonly<Record<string, string>>

/** Printable ASCII with nothing at its ends that HTTP would trim. */
const plain = /^(?:[!-~](?:[ -~]*[!-~])?)?$/
const encodedWord = /^=\?utf-8\?([bq])\?([^?\s]*)\?=$/i
const name = /^[a-z0-9!#$&'*+.^`|~-]+$/

/**
 * Values that a header cannot hold as they are travel as RFC 2047 words, the form S3 itself answers with. Sent raw,
 * they fail the signature (Latin-1, tabs), cannot be sent at all (the rest of Unicode), or come back trimmed.
 *
 * @throws UNSUPPORTED for a name that would not come back as it was.
 */
export function encodeMetadata(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([given, value]) => {
      const lower = given.toLowerCase()
      checkName(lower)
      return [lower, plain.test(value) && !value.includes('=?') ? value : encodeWord(value)]
    }),
  )
}

export function decodeMetadata(metadata: Metadata = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, decodeValue(value)]))
}

function checkName(lower: string): void {
  if (name.test(lower)) return
  const reason = lower.includes('_')
    ? 'the gateway stores an underscore as a dash'
    : 'it is no valid part of a header name'
  const message = `The metadata name "${lower}" cannot be carried: ${reason}. Rename it.`
  throw new TransferError('UNSUPPORTED', message, { context: { option: 'metadata', name: lower } })
}

function encodeWord(value: string): string {
  return `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`
}

/** The words of one value, and the value as it is where any of them is none. */
function decodeValue(value: string): string {
  const words = value.split(/\s+/).map((word) => encodedWord.exec(word))
  if (words.some((match) => !match)) return value
  try {
    const bytes = Buffer.concat(words.map((match) => decodeWord(match![1]!, match![2]!)))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return value
  }
}

function decodeWord(encoding: string, text: string): Buffer {
  if (encoding.toLowerCase() === 'b') return Buffer.from(text, 'base64')
  const unescaped = text
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(unescaped, 'latin1')
}
