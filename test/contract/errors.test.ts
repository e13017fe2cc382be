import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../src/contract/errors'

const secret = 'wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY'
const everyView = (error: unknown) => [
  inspect(error, { depth: 20, showHidden: true }),
  JSON.stringify(error),
  JSON.stringify((error as Error).cause),
  String(error),
  String((error as Error).cause),
  (error as Error).stack,
]

describe('TransferError', () => {
  it('keeps the original as cause, the same object', () => {
    const original = new TypeError('boom')
    const error = new TransferError('CONNECTION', 'The connection broke.', { cause: original })
    expect(error.cause).toBe(original)
    expect(error).toMatchObject({
      name: 'TransferError',
      code: 'CONNECTION',
      retry: 'permanent',
      context: {},
    })
  })

  it('is recognised by brand, so that copies of the package recognise one another', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('sluiceway.TransferError')]: true })
    expect(TransferError.is(foreign)).toBe(true)
    expect(TransferError.is(new TransferError('TIMEOUT', 'x'))).toBe(true)
    for (const other of [new Error('x'), null, undefined, 'TransferError', { code: 'TIMEOUT' }]) {
      expect(TransferError.is(other)).toBe(false)
    }
  })

  it('adds context without losing code, stack and cause', () => {
    const error = new TransferError('TIMEOUT', 'x', { retry: 'temporary', context: { a: 1 }, cause: 'y' })
    const more = error.with({ retry: 'exhausted', context: { b: 2 } })
    expect(more).toMatchObject({ code: 'TIMEOUT', retry: 'exhausted', context: { a: 1, b: 2 }, cause: 'y' })
    expect(more.stack).toBe(error.stack)
  })

  it('keeps a way to ask again on its copies, and shows it nowhere', async () => {
    const reconcile = async () => undefined
    const error = new TransferError('OUTCOME_UNKNOWN', 'x', { reconcile })
    const copy = error.with({ context: { a: 1 } })
    expect(copy.reconcile).toBe(reconcile)
    expect(Object.keys(copy)).not.toContain('reconcile')
    expect(JSON.stringify(copy)).not.toContain('reconcile')
    expect(inspect(copy)).not.toContain('reconcile')
    expect('reconcile' in new TransferError('TIMEOUT', 'x').with({})).toBe(false)
    const asks = new TransferError('TIMEOUT', 'x').with({ reconcile })
    expect(asks.reconcile).toBe(reconcile)
  })

  it('serialises without its cause and stack', () => {
    const error = new TransferError('TIMEOUT', 'x', { context: { a: 1 }, cause: new Error('inner') })
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'TransferError',
      code: 'TIMEOUT',
      message: 'x',
      retry: 'permanent',
      context: { a: 1 },
    })
  })

  it.each<[string, unknown]>([
    [
      'signed headers of an SDK response',
      Object.assign(new Error('x'), { $response: { headers: { authorization: secret } } }),
    ],
    [
      'a request with options',
      Object.assign(new Error('x'), {
        request: { headers: { Authorization: secret } },
        options: { secretKey: secret },
      }),
    ],
    [
      'credentials deep inside',
      Object.assign(new Error('x'), { error: { details: [{ SecretAccessKey: secret }] } }),
    ],
    ['a signed query in the message', new Error(`GET https://h/k?X-Amz-Signature=${secret}&x=1 failed`)],
    ['a COS signature in a message', new Error(`url: /k?q-sign-algorithm=sha1&q-signature=${secret}`)],
    [
      'an authorization value in a text',
      new Error(`headers: {"authorization":"AWS4-HMAC-SHA256 ${secret}"}`),
    ],
    [
      'the string to sign in an error body',
      new Error(`<Error><StringToSign>${secret}</StringToSign></Error>`),
    ],
    [
      'a hidden field',
      Object.defineProperty(new Error('x'), '$response', { value: { secret }, configurable: true }),
    ],
    [
      'a field that cannot be deleted',
      Object.defineProperty(new Error('x'), 'config', { value: secret, writable: true }),
    ],
    ['a plain object', { code: 'X', headers: { authorization: secret }, message: `sign=${secret}` }],
    ['a cause of the cause', new Error('x', { cause: { request: secret } })],
    ['an aggregate', new AggregateError([Object.assign(new Error('y'), { request: secret })], 'x')],
  ])('shows no secret: %s', (_, cause) => {
    const error = new TransferError('CONNECTION', 'The connection broke.', { cause })
    for (const view of everyView(error)) expect(view ?? '').not.toContain(secret)
    expect(error.cause).toBe(cause)
  })

  it('survives causes that refer to themselves, are frozen, or are no objects', () => {
    const circular: Record<string, unknown> = { headers: secret }
    circular.self = circular
    const frozen = Object.freeze({ code: 'X' })
    for (const cause of [circular, frozen, 42, null, `sign=${secret}`]) {
      const error = new TransferError('CONNECTION', 'x', { cause })
      expect(inspect(error, { depth: 9 })).not.toContain(secret)
    }
  })
})
