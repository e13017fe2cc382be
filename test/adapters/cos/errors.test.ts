import { describe, expect, it } from 'vitest'
import { type Asked, failureError, refusalError } from '../../../src/adapters/cos/errors'

const asked: Asked = { operation: 'GET', location: 'cos:b-1/key' }
const refused = (status: number, code = '', change: Partial<Asked> = {}, message = '') =>
  refusalError({ status, code, message }, { ...asked, ...change }, () => false)

describe('answers of COS', () => {
  const table: [status: number, code: string, means: string, change?: Partial<Asked>][] = [
    [404, 'NoSuchKey', 'NOT_FOUND permanent'],
    [404, 'NoSuchBucket', 'NOT_FOUND permanent'],
    [404, '', 'NOT_FOUND permanent'],
    [404, 'NoSuchUpload', 'SESSION_LOST permanent'],
    [403, 'AccessDenied', 'ACCESS_DENIED permanent'],
    [403, 'SignatureDoesNotMatch', 'ACCESS_DENIED permanent'],
    [403, 'RequestTimeTooSkewed', 'ACCESS_DENIED permanent'],
    [403, 'InvalidObjectState', 'UNSUPPORTED permanent'],
    [409, 'FileAlreadyExists', 'ALREADY_EXISTS permanent'],
    [409, 'PathConflict', 'ALREADY_EXISTS permanent', { createOnly: true }],
    [412, 'PreconditionFailed', 'ALREADY_EXISTS permanent', { createOnly: true }],
    [412, 'PreconditionFailed', 'SOURCE_CHANGED permanent', { reads: true }],
    [416, 'InvalidRange', 'TRUNCATED permanent', { reads: true }],
    [429, 'RequestLimitExceeded', 'THROTTLED temporary'],
    [503, 'SlowDown', 'THROTTLED temporary'],
    [503, '', 'THROTTLED temporary'],
    [200, 'SlowDown', 'THROTTLED temporary'],
    [500, 'InternalError', 'SERVER_ERROR temporary'],
    [502, '', 'SERVER_ERROR temporary'],
    [200, 'InternalError', 'SERVER_ERROR temporary'],
    [409, 'OperationAborted', 'SERVER_ERROR temporary'],
    [400, 'BadDigest', 'INTEGRITY temporary'],
    [400, 'InvalidPart', 'INTEGRITY permanent'],
    [400, 'EntityTooLarge', 'TOO_LARGE permanent'],
    [400, 'EntityTooSmall', 'INVALID_OPTION permanent'],
    [400, 'KeyTooLong', 'INVALID_KEY permanent'],
    [400, 'RequestTimeout', 'TIMEOUT temporary'],
    [400, 'constructor', 'UNSUPPORTED permanent'],
    [501, 'NotImplemented', 'UNSUPPORTED permanent'],
    [301, 'PermanentRedirect', 'INVALID_OPTION permanent'],
  ]
  for (const [status, code, means, change] of table) {
    it(`${status} ${code} means ${means}${change ? ` where ${JSON.stringify(change)}` : ''}`, () => {
      const error = refused(status, code, change)
      expect(`${error.code} ${error.retry}`).toBe(means)
      expect(error.message).toContain('cos:b-1/key')
      expect(error.cause).toBeInstanceOf(Error)
    })
  }

  it('that may say that the keys have expired ask whether there are others, the rest do not', () => {
    const ask = (status: number, code: string, message = '') => {
      let was = false
      const error = refusalError({ status, code, message }, asked, () => {
        was = true
        return true
      })
      return `${was} ${error.retry}`
    }
    expect(ask(400, 'ExpiredToken')).toBe('true temporary')
    expect(ask(403, '')).toBe('true temporary')
    expect(ask(403, 'AccessDenied', 'Request has expired')).toBe('true temporary')
    expect(ask(403, 'AccessDenied', 'Access Denied.')).toBe('false permanent')
    expect(ask(403, 'SignatureDoesNotMatch')).toBe('false permanent')
  })
})

describe('calls without an answer', () => {
  const fails = (error: unknown) => failureError(error, asked, undefined)
  const coded = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more })

  it('are CONNECTION and temporary where the network failed', () => {
    for (const error of [coded('ECONNREFUSED'), coded('EPIPE'), coded('EPROTO', { syscall: 'write' })]) {
      expect(fails(error)).toMatchObject({ code: 'CONNECTION', retry: 'temporary', cause: error })
    }
  })

  it('are CONNECTION and permanent where the certificate is wrong', () => {
    const codes = ['CERT_HAS_EXPIRED', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS_CERT_ALTNAME_INVALID']
    for (const code of codes) {
      expect(fails(coded(code))).toMatchObject({ code: 'CONNECTION', retry: 'permanent' })
    }
  })

  it('have a real error for a cause where the SDK gave a plain object', () => {
    const error = fails({ code: 'Error', message: 'getAuthorization callback params missing "TmpSecretId"' })
    expect(error).toMatchObject({ code: 'ACCESS_DENIED', retry: 'permanent' })
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('show no signed query', () => {
    expect(fails(new Error('bad http://h/k?q-signature=abc')).message).not.toContain('abc')
  })
})
