import { describe, expect, it } from 'vitest'
import { TransferError } from '../../src/contract/errors'
import { networkCode, wasNeverSent } from '../../src/contract/network-codes'

const failure = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more })

describe('the code of an error', () => {
  it.each([
    ['ECONNRESET', 'CONNECTION'],
    ['ENOTFOUND', 'CONNECTION'],
    ['HPE_INVALID_CONSTANT', 'CONNECTION'],
    ['UND_ERR_SOCKET', 'CONNECTION'],
    ['ETIMEDOUT', 'TIMEOUT'],
    ['UND_ERR_HEADERS_TIMEOUT', 'TIMEOUT'],
    ['ENOENT', undefined],
    [undefined, undefined],
    [111, undefined],
  ])('%s says %s of the network', (code, expected) => {
    expect(networkCode(code)).toBe(expected)
  })
})

describe('a request', () => {
  it.each([
    ['was refused', failure('ECONNREFUSED')],
    ['found no name', failure('EAI_AGAIN')],
    ['found no way while connecting', failure('EHOSTUNREACH', { syscall: 'connect' })],
    [
      'was refused, some errors down',
      new Error('x', { cause: new Error('y', { cause: failure('ENOTFOUND') }) }),
    ],
    ['waited too long for a connection', new TransferError('TIMEOUT', 'x', { context: { sent: false } })],
  ])('was never sent where its connection %s', (_, error) => {
    expect(wasNeverSent(error)).toBe(true)
  })

  it.each([
    ['was reset', failure('ECONNRESET')],
    ['was reset while it was read', failure('ECONNRESET', { syscall: 'read' })],
    ['lost its way while it was read', failure('EHOSTUNREACH', { syscall: 'read' })],
    ['fell silent', new TransferError('TIMEOUT', 'x')],
    ['ended in nobody knows what', undefined],
  ])('may have been sent where its connection %s', (_, error) => {
    expect(wasNeverSent(error)).toBe(false)
  })
})
