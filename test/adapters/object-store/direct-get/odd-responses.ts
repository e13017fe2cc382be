import fc from 'fast-check'

/** What a server writes to one connection, piece by piece, before it closes it. */
export interface OddResponse {
  readonly text: string
  readonly cuts: readonly number[]
}

const mostly = <T>(usual: T, ...odd: T[]) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 3 * odd.length }, fc.constantFrom(...odd))

const body = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary-ascii', maxLength: 300 }),
  fc.constantFrom('\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
)

const value = fc.oneof(
  { arbitrary: fc.constantFrom('a', '', ' b ', '\tc', 'd\t ', '"e f"', '\xa0\xe4\xa0', 'é: g'), weight: 12 },
  fc.constantFrom('a\0b', 'a\rb', 'a\nb', 'a\r\n b', 'a\r\n\tb', 'a\x7fb', 'a\x01b'),
  fc.integer({ min: 16_000, max: 17_000 }).map((length) => 'h'.repeat(length)),
  fc.constant('h'.repeat(70_000)),
)

const field = fc.oneof(
  {
    arbitrary: fc
      .tuple(
        fc.constantFrom('ETag', 'eTAG', 'X-A', 'x-a', 'X-B', 'Vary', 'Date', 'X-!#$%&~', 'Set-Cookie'),
        value,
      )
      .map(([name, text]) => `${name}: ${text}`),
    weight: 10,
  },
  fc.constantFrom(
    'Connection: close',
    'Connection: keep-alive',
    'Connection:  Close ',
    'Connection: x, close',
  ),
  fc.constantFrom('Connection: upgrade', 'Upgrade: h2c', 'Proxy-Connection: close', 'Keep-Alive: timeout=5'),
  fc.constantFrom('', ':', 'X-C', ': c', 'X-C : c', ' X-C: c', 'X-Ä: c', 'X\0C: c', 'X-C:c', 'Trailer: X-D'),
)

type Framing = (text: string) => { readonly fields: readonly string[]; readonly payload: string }

const length: Framing = (text) => ({ fields: [`Content-Length: ${text.length}`], payload: text })
const chunked = (text: string) =>
  text.length > 0 ? `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n` : '0\r\n\r\n'
const wrong =
  (...fields: string[]): Framing =>
  (payload) => ({ fields, payload })

const framing = mostly<Framing>(
  length,
  (text) => ({ fields: [`cONTENT-lENGTH:\t0${text.length} `], payload: text }),
  (text) => ({ fields: ['Transfer-Encoding: chunked'], payload: chunked(text) }),
  (text) => ({ fields: [...length(text).fields, 'Transfer-Encoding: chunked'], payload: chunked(text) }),
  (text) => ({ fields: [...length(text).fields, 'Transfer-Encoding: identity'], payload: text }),
  (text) => ({ fields: [...length(text).fields, ...length(text).fields], payload: text }),
  (text) => ({ fields: [...length(text).fields, 'Content-Length: 3'], payload: text }),
  (text) => ({ fields: [`Content-Length: ${text.length + 5}`], payload: text }),
  (text) => ({ fields: [`Content-Length: ${Math.max(0, text.length - 5)}`], payload: text }),
  (text) => ({ fields: [`Content-Length: +${text.length}`], payload: text }),
  (text) => ({ fields: [`Content-Length: ${text.length}, ${text.length}`], payload: text }),
  (text) => ({ fields: [`Content-Length: 0x${text.length.toString(16)}`], payload: text }),
  wrong(),
  wrong('Content-Length: -1'),
  wrong('Content-Length:'),
  wrong('Content-Length: 1 2'),
  wrong('Content-Length: 99999999999999999999999'),
  wrong('Content-Length: 18446744073709551617'),
)

const status = mostly(
  '200 OK',
  '206 Partial Content',
  '204 No Content',
  '205 Reset Content',
  '304 Not Modified',
  '301 Moved',
  '403 Forbidden',
  '404 Not Found',
  '412 Precondition Failed',
  '503 Slow Down',
  '101 Switching Protocols',
  '100 Continue',
  '600 What',
  '99 Little',
  '200 ',
  '200',
  '200 \xe4\t',
  '200 O\0K',
)

/** Inserts, replaces or removes a byte somewhere. */
const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.constantFrom(0, 1),
  insert: fc.constantFrom('', '\r', '\n', '\r\n', ' ', ':', '\0', 'x', '\xff'),
})

const hurt = (
  text: string,
  { at, remove, insert }: typeof damage extends fc.Arbitrary<infer T> ? T : never,
) => {
  const index = Math.floor(at * text.length)
  return text.slice(0, index) + insert + text.slice(index + remove)
}

const whole = fc
  .record({
    interim: mostly(
      '',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n',
      '\r\n',
    ),
    version: mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'http/1.1', 'HTTP/1.2', 'ICY'),
    status,
    before: fc.array(field, { maxLength: 3 }),
    after: fc.array(field, { maxLength: 2 }),
    framing,
    body,
    eol: mostly('\r\n', '\n', '\r'),
    surplus: mostly('', 'junk', '\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'),
  })
  .map(({ interim, version, eol, ...rest }) => {
    const { fields, payload } = rest.framing(rest.body)
    const lines = [`${version} ${rest.status}`, ...rest.before, ...fields, ...rest.after]
    return interim + lines.map((line) => line + eol).join('') + eol + payload + rest.surplus
  })

const fraction = fc.double({ min: 0, max: 1, noNaN: true })

export const oddResponse: fc.Arbitrary<OddResponse> = fc
  .record({
    whole,
    damage: fc.option(damage, { freq: 3 }),
    /** Closed early. */
    keep: mostly(1, 0.2, 0.5, 0.8, 0.99),
    cuts: fc.array(fraction, { maxLength: 6 }),
  })
  .map(({ whole, damage, keep, cuts }) => {
    const text = damage ? hurt(whole, damage) : whole
    const kept = text.slice(0, Math.ceil(text.length * keep))
    return { text: kept, cuts: cuts.map((cut) => Math.floor(cut * kept.length)).sort((a, b) => a - b) }
  })

/** Nothing odd about it: the direct way has to take it. */
export const plainResponse: fc.Arbitrary<OddResponse> = fc
  .record({
    status: fc.constantFrom('200 OK', '206 Partial Content', '404 Not Found', '503 Slow Down'),
    fields: fc.uniqueArray(
      fc.constantFrom('ETag: "a"', 'X-A: \xa0b \t', 'Date:', 'Connection: close', 'vary:x'),
      {
        selector: (line) => line.split(':')[0]!,
      },
    ),
    body,
    cuts: fc.array(fraction, { maxLength: 6 }),
  })
  .map(({ status, fields, body, cuts }) => {
    const lines = [`HTTP/1.1 ${status}`, ...fields, `content-LENGTH: ${body.length}`, '', body]
    const text = lines.join('\r\n')
    return { text, cuts: cuts.map((cut) => Math.floor(cut * text.length)).sort((a, b) => a - b) }
  })
