/** The head of an HTTP/1.1 response whose body has a stated length. */
export interface ResponseHead {
  readonly statusCode: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes of the body. */
  readonly contentLength: number
  readonly keepAlive: boolean
}

const statusLine = /^HTTP\/1\.1 ([2-5]\d\d) [\t\x20-\x7e\x80-\xff]*$/
// Spaces around a value do not belong to it; a byte 0xA0 does, which trim() would take off as well.
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/
const digits = /^\d{1,15}$/

/** Answers that have no body whatever they announce; and 408, which may have been sent before there was a request. */
const unsuitable = new Set(['204', '205', '304', '408'])

/**
 * Parses a response head (without its closing empty line), strictly: undefined wherever there is a doubt, and the
 * request is then made again by Node's own client, which knows every case. Doubtful are: a status that is not final,
 * a body without a length or with a transfer coding, repeated or folded headers, and any byte that does not belong.
 */
export function parseResponseHead(head: Buffer): ResponseHead | undefined {
  const [first, ...lines] = head.toString('latin1').split('\r\n')
  const status = statusLine.exec(first ?? '')?.[1]
  if (status === undefined || unsuitable.has(status)) return undefined
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const match = headerLine.exec(line)
    const name = match?.[1]?.toLowerCase()
    if (!match || name === undefined || name in headers) return undefined
    headers[name] = match[2]!
  }
  const length = headers['content-length']
  if (length === undefined || !digits.test(length) || 'transfer-encoding' in headers) return undefined
  const connection = headers.connection?.toLowerCase() ?? 'keep-alive'
  if (connection !== 'keep-alive' && connection !== 'close') return undefined
  return {
    statusCode: Number(status),
    headers: { ...headers },
    contentLength: Number(length),
    keepAlive: connection === 'keep-alive',
  }
}
