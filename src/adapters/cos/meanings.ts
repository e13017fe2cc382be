import type { TransferErrorCode } from '../../contract/errors'
import type { Asked, Refusal } from './errors'

export interface Meaning {
  readonly code: TransferErrorCode
  readonly temporary?: boolean
  readonly advice: string
}

const restore = 'It is archived: restore it with the console or a restore request, then transfer it.'
const clock = 'Set the clock of this machine: COS accepts signatures of the last minutes only.'

/** By the code of the XML, https://www.tencentcloud.com/document/product/436/7730; the status decides for the others. */
const meanings: Readonly<Record<string, Meaning>> = {
  NoSuchKey: { code: 'NOT_FOUND', advice: 'Check the key.' },
  NoSuchVersion: { code: 'NOT_FOUND', advice: 'That version is gone.' },
  NoSuchBucket: { code: 'NOT_FOUND', advice: 'Check the bucket and its region.' },
  NoSuchUpload: {
    code: 'SESSION_LOST',
    advice: 'The multipart upload was completed, aborted or has expired.',
  },
  FileAlreadyExists: { code: 'ALREADY_EXISTS', advice: 'There is an object of that key.' },
  BadDigest: { code: 'INTEGRITY', temporary: true, advice: 'The bytes were damaged on the way.' },
  InvalidPart: { code: 'INTEGRITY', advice: 'The stored parts are not those that were sent.' },
  InvalidPartOrder: { code: 'INTEGRITY', advice: 'The stored parts are not those that were sent.' },
  IncompleteBody: { code: 'CONNECTION', temporary: true, advice: 'The body did not arrive whole.' },
  RequestTimeout: { code: 'TIMEOUT', temporary: true, advice: 'COS waited too long for the body.' },
  RequestTimeOut: { code: 'TIMEOUT', temporary: true, advice: 'COS waited too long for the body.' },
  SlowDown: { code: 'THROTTLED', temporary: true, advice: 'COS asks for fewer requests.' },
  RequestTimeTooSkewed: { code: 'ACCESS_DENIED', advice: clock },
  ExpiredToken: {
    code: 'ACCESS_DENIED',
    advice: 'Give a credentials function, so that new keys can be had.',
  },
  InvalidObjectState: { code: 'UNSUPPORTED', advice: restore },
  EntityTooLarge: { code: 'TOO_LARGE', advice: 'Lower limits.maxPartSize or limits.maxPutSize.' },
  EntityTooSmall: { code: 'INVALID_OPTION', advice: 'Raise partSize, or limits.minPartSize.' },
  InvalidStorageClass: { code: 'INVALID_OPTION', advice: 'Set a storageClass that COS knows.' },
  KeyTooLong: { code: 'INVALID_KEY', advice: 'Shorten the key.' },
  InvalidObjectName: { code: 'INVALID_KEY', advice: 'COS does not allow such a key.' },
  InvalidURI: { code: 'INVALID_KEY', advice: 'COS does not allow such a key.' },
  NoSpace: { code: 'NO_SPACE', advice: 'The bucket is full.' },
}

const throttled: Meaning = { code: 'THROTTLED', temporary: true, advice: 'COS asks for fewer requests.' }
const serverError: Meaning = { code: 'SERVER_ERROR', temporary: true, advice: 'It may work later.' }
const denied: Meaning = {
  code: 'ACCESS_DENIED',
  advice: 'Check the keys, their policy, and that bucket and region belong together.',
}

/** What an answer means to a transfer. */
export function meaningOf({ status, code }: Refusal, { reads, createOnly }: Asked): Meaning {
  const known = Object.hasOwn(meanings, code) ? meanings[code] : undefined
  if (known) return known
  if (createOnly && (status === 409 || status === 412)) return meanings.FileAlreadyExists!
  if (reads && status === 412)
    return { code: 'SOURCE_CHANGED', advice: 'It was replaced since it was first seen.' }
  if (reads && status === 416) return { code: 'TRUNCATED', advice: 'It is smaller than the range asked for.' }
  // A HEAD cannot say what is wrong with it; with an expired token COS answers 400.
  if (status === 401 || status === 403 || (reads && status === 400 && code === '')) return denied
  if (status === 404) return meanings.NoSuchKey!
  if (status === 429 || status === 503) return throttled
  if (status === 501) return { code: 'UNSUPPORTED', advice: 'COS cannot do this.' }
  if (status === 409 || status >= 500 || status < 300) return serverError
  if (status < 400)
    return { code: 'INVALID_OPTION', advice: 'Check bucket, region and endpoint: COS points elsewhere.' }
  return { code: 'UNSUPPORTED', advice: 'See the cause for what COS says of it.' }
}

/** The answer to a HEAD has no body, so it cannot say which kind of 403 it is. */
export function maySayExpired({ code, message }: Refusal): boolean {
  return code === 'ExpiredToken' || code === '' || (code === 'AccessDenied' && /expired/i.test(message))
}
