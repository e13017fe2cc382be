import { type Reply, textReply } from '../operations/reply'
import { ServiceError } from '../service-error'
import type { Make } from './behaviour'
import type { FaultOf } from './table'

/** Faults of what the reply says. */

export const status: Make<FaultOf<'status'>> = (fault) => ({
  async before() {
    const code = fault.code ?? (fault.status === 503 ? 'SlowDown' : 'InternalError')
    throw new ServiceError(fault.status, code, fault.message ?? 'misbehaving on purpose', fault.headers)
  },
})

export const errorIn200: Make<FaultOf<'error-in-200'>> = (fault, errorXml) => {
  const { code = 'InternalError', message = 'misbehaving on purpose', work = false } = fault
  const reply = () => textReply(200, { 'content-type': 'application/xml' }, errorXml(code, message))
  return work ? { answer: reply } : { before: async () => reply() }
}

export const empty200: Make<FaultOf<'empty-200'>> = ({ work = false }) => {
  const reply: Reply = { status: 200, headers: {} }
  return work ? { answer: () => reply } : { before: async () => reply }
}

export const wrongEtag: Make<FaultOf<'wrong-etag'>> = ({ etag = '0123456789abcdef0123456789abcdef' }) => ({
  answer: (reply) =>
    rewrite(reply, 'etag', `"${etag}"`, /<ETag>[^<]*<\/ETag>/g, `<ETag>&quot;${etag}&quot;</ETag>`),
})

export const wrongCrc64: Make<FaultOf<'wrong-crc64'>> = ({ crc64 = '1234567890' }) => ({
  answer: (reply) =>
    rewrite(reply, 'x-cos-hash-crc64ecma', crc64, /<CRC64>[^<]*<\/CRC64>/g, `<CRC64>${crc64}</CRC64>`),
})

export const wrongContentRange: Make<FaultOf<'wrong-content-range'>> = ({ shift = 1 }) => ({
  answer(reply) {
    const [, start, end, rest] = /^bytes (\d+)-(\d+)(\/.*)$/.exec(reply.headers['content-range'] ?? '') ?? []
    if (start === undefined) return reply
    const range = `bytes ${Number(start) + shift}-${Number(end) + shift}${rest}`
    return { ...reply, headers: { ...reply.headers, 'content-range': range } }
  },
})

/** Another value in a header that is there, and in the XML of the body. */
function rewrite(reply: Reply, name: string, value: string, pattern: RegExp, element: string): Reply {
  const headers = { ...reply.headers }
  if (headers[name] !== undefined) headers[name] = value
  if (reply.xml === undefined) return { ...reply, headers }
  return textReply(reply.status, headers, reply.xml.replace(pattern, element))
}
