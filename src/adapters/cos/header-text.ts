/**
 * Any text as the value of a metadata header. Percent-encoded, as COS documents for text that is not ASCII, is only
 * what a header cannot hold or the network would trim; the rest stays readable, `100%` and `a%20b` included.
 */
export function encodeText(text: string): string {
  return text.replace(unsafe, encodeURIComponent)
}

export function decodeText(text: string): string {
  return text.replace(encodedUnsafe, (run) => {
    try {
      return decodeURIComponent(run)
    } catch {
      return run
    }
  })
}

export function percentEncodeNonAscii(text: string): string {
  return /\p{Surrogate}/u.test(text) ? text : text.replace(/[^\p{ASCII}]+/gu, encodeURIComponent)
}

/** Beyond ASCII, control characters, and spaces at the ends. */
const unsafe = /[^ -~]+|^ +| +$/g
const encodedUnsafe = /(?:%(?:[89a-f][0-9a-f]|[01][0-9a-f]|7f))+|^(?:%20)+|(?:%20)+$/gi

/** Node reads headers as latin1, and other tools send UTF-8 in them. */
export function utf8(value: string): string {
  if (!/[\u0080-\u00ff]/.test(value)) return value
  const text = Buffer.from(value, 'latin1').toString('utf8')
  return text.includes('\ufffd') ? value : text
}
