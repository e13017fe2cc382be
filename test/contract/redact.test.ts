import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../src/contract/errors'

const secret = 'wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY'
const signed = `https://h/k?X-Amz-Signature=${secret}&x=1`

const everyView = (error: TransferError) => [
  inspect(error, { depth: 30, showHidden: true, getters: true }),
  JSON.stringify(error),
  JSON.stringify(error.cause),
  JSON.stringify([...((error.cause as { map?: Map<unknown, unknown> }).map ?? [])]),
  String(error),
  error.message,
  error.stack,
]

class Client {
  readonly config = { credentials: { secretKey: secret } }
}

const deep = (value: unknown, levels: number): unknown =>
  levels === 0 ? value : { inner: deep(value, levels - 1) }

describe('a foreign error', () => {
  it.each<[string, () => object]>([
    ['a map', () => ({ map: new Map<string, unknown>([['authorization', secret]]) })],
    ['a text in a map', () => ({ map: new Map([['a', signed]]) })],
    ['a key of a map', () => ({ map: new Map([[signed, 1]]) })],
    ['a set', () => ({ set: new Set([signed, { headers: secret }]) })],
    [
      'a getter of a telling name',
      () =>
        Object.defineProperty(
          {},
          'headers',
          getter(() => secret),
        ),
    ],
    [
      'a getter that gives a text',
      () =>
        Object.defineProperty(
          {},
          'line',
          getter(() => signed),
        ),
    ],
    [
      'a getter that gives an object',
      () =>
        Object.defineProperty(
          {},
          'x',
          getter(() => ({ headers: secret })),
        ),
    ],
    ['a symbol of a telling name', () => ({ [Symbol('headers')]: { a: secret } })],
    ['a text under a symbol', () => ({ [Symbol('line')]: signed })],
    ['a field far down', () => ({ x: deep({ secretKey: secret }, 20) })],
    ['a buffer', () => ({ body: Buffer.from(`<StringToSign>${secret}</StringToSign>`) })],
    ['a URL', () => ({ input: new URL(signed) })],
    ['the headers of a fetch', () => ({ sent: new Headers({ authorization: `Bearer ${secret}` }) })],
    ['a client', () => ({ client: new Client() })],
    ['a cookie', () => ({ Cookie: secret })],
    ['a name and password in an address', () => ({ line: `http://me:${secret}@host/` })],
    ['a configuration in a message', () => ({ line: `{"secretKey":"${secret}"}` })],
  ])('shows no secret that is in %s', (_, make) => {
    const cause = Object.assign(
      Object.defineProperties(new Error('x'), Object.getOwnPropertyDescriptors(make())),
    )
    const error = new TransferError('CONNECTION', 'The connection broke.', { cause })
    for (const view of everyView(error)) expect(view ?? '').not.toContain(secret)
    expect(inspect(error, { depth: 30 })).not.toContain(Buffer.from(secret).toString('hex', 0, 8))
    expect(error.cause).toBe(cause)
  })

  it('leaves what is still in use as it was', () => {
    const client = new Client()
    const harmless = new (class Place {
      readonly name = 'here'
    })()
    const cause = Object.assign(new Error('x'), { client, harmless })
    new TransferError('CONNECTION', 'x', { cause })
    expect(client.config.credentials.secretKey).toBe(secret)
    expect(cause).toMatchObject({ client: '[Client]', harmless: { name: 'here' } })
    expect(cause.harmless).toBe(harmless)
  })

  it('with megabytes in it costs no more than one without', () => {
    const body = Buffer.alloc(64 * 1024 * 1024)
    const cause = Object.assign(new Error('x'), { body })
    const error = new TransferError('CONNECTION', 'x', { cause })
    expect((error.cause as typeof cause).body).toBe(body)
  })
})

describe('an error of our own', () => {
  it('shows no secret that came with its message or its facts', () => {
    const error = new TransferError('SOURCE_FAILED', `GET ${signed}: Authorization: Bearer ${secret}`, {
      context: { address: signed, part: 1 },
    })
    for (const view of everyView(new TransferError('ABORTED', 'x', { cause: error }))) {
      expect(view ?? '').not.toContain(secret)
    }
    expect(error.context).toMatchObject({ part: 1 })
    expect(error.message).toContain('GET https://h/k?')
  })
})

function getter(get: () => unknown): PropertyDescriptor {
  return { get, enumerable: true, configurable: true }
}
