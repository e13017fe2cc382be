import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Call, Query } from './call'
import type { Dialect } from './dialect'
import { operationName } from './operation-name'
import { percentDecode } from './percent'
import { ServiceError } from './service-error'

/** Takes a request apart without `URL`, which would tidy away `//`, `.` and `..` that belong to the key. */
export function readCall(request: IncomingMessage, dialect: Dialect): Call {
  const { method = 'GET', headers } = request
  // A client behind a proxy sends the whole URL.
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?]+/i, '')
  const mark = target.indexOf('?')
  const [rawPath, rawQuery] = mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
  const { path, query } = decode(rawPath, rawQuery)
  const { bucket, key } = dialect.locate(headers.host, path)
  const copies = headers[`${dialect.headerPrefix}copy-source`] !== undefined
  const operation = bucket === undefined ? listBuckets(method) : operationName(method, key, query, copies)
  const requestId = `tx${randomBytes(12).toString('hex')}`
  return { operation, method, path, bucket, key, query, headers, requestId }
}

const listBuckets = (method: string) => (method === 'GET' ? 'ListBuckets' : 'Unsupported')

function decode(rawPath: string, rawQuery: string): { path: string; query: Query } {
  try {
    return { path: percentDecode(rawPath), query: new Query(rawQuery) }
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause
    throw new ServiceError(400, 'InvalidURI', 'the request line is not percent-encoded UTF-8')
  }
}
