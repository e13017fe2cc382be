/** The head of an HTTP/1.1 response whose body has a stated length. */
export interface ResponseHead {
  readonly statusCode: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes of the body. */
  readonly contentLength: number
  readonly keepAlive: boolean
}

const statusLine = /^HTTP\/1\.1 (\d{3}) [\t\x20-\x7e\x80-\xff]*$/
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/
const plainStatus = /^(200|206|[45]\d\d)$/
const digits = /^\d{1,15}$/

/**
 * Parses a response head (without its closing empty line), strictly: undefined wherever there is a doubt, and the
 * request is then made again by Node's own client, which knows every case. Doubtful are: a status that may come without
 * a body or before another one, a body without a length or with a transfer coding, repeated or folded headers, and any
 * byte that does not belong. Errors are not: asking again would hide them, and burden a server that asks for less.
 */
export function parseResponseHead(head: Buffer): ResponseHead | undefined {
  const [first, ...lines] = head.toString('latin1').split('\r\n')
  const status = statusLine.exec(first ?? '')?.[1]
  if (status === undefined || !plainStatus.test(status)) return undefined
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const match = headerLine.exec(line)
    const name = match?.[1]?.toLowerCase()
    if (!match || name === undefined || name in headers) return undefined
    headers[name] = match[2]!.trimEnd()
  }
  const length = headers['content-length']
  if (length === undefined || !digits.test(length) || 'transfer-encoding' in headers) return undefined
  const connection = headers.connection?.toLowerCase()
  if (connection !== undefined && connection !== 'keep-alive' && connection !== 'close') return undefined
  return {
    statusCode: Number(status),
    headers: { ...headers },
    contentLength: Number(length),
    keepAlive: connection !== 'close',
  }
}
