import assert from 'node:assert/strict'
import type { Bench } from '../bench'
import { type ConformanceTest, type Topic, test } from '../test'
import { pattern } from '../tools/pattern'

const thousandBytes = `${Array.from({ length: 10 }, (_, n) => `${n}`.repeat(99)).join('/')}x`

/** Keys that object stores hold and that clients are known to mangle. By the names which the tests give them. */
export const oddKeys: Readonly<Record<string, string>> = {
  spaces: ' a b ',
  plus: 'a+b',
  'an escaped slash': 'a%2Fb',
  'an escaped percent sign': 'a%252Fb',
  'a percent sign that escapes nothing': '100%',
  'a question mark': 'a?b=c&d',
  'a hash': 'a#b',
  'a double slash': 'a//b',
  'a leading dot': '.hidden',
  'leading dots in a folder': 'a/..b/...c',
  'characters of XML': `<a & "b" 'c'>`,
  'reserved characters': "a:b;c,d=e@f$g!h*i(j)k'l",
  'a backslash': 'a\\b',
  'a trailing dot': 'a.',
  Chinese: '中文/对象.mov',
  emoji: '😀/🎬.mov',
  'combining marks': 'e\u0301/é',
  '1,000 bytes': thousandBytes,
}

/** Keys that may be refused, but must not lead to another object, let alone out of the store. */
const treacherous = ['/absolute', './a', 'a/./b', 'a/../b', '../outside', '..', 'folder/']

export const keys: Topic = {
  name: 'keys',
  tests: [
    ...Object.entries(oddKeys).map(([name, key]) => holdsKey(name, key)),

    test('keys that look alike once they are encoded are different objects', async (bench) => {
      const alike = ['a b', 'a+b', 'a%20b', 'a%2Bb', 'a%2520b'].filter((key) => !refused(bench, key))
      for (const [n, key] of alike.entries()) await bench.write(key, pattern(100, n + 1))
      for (const [n, key] of alike.entries()) await bench.holds(key, pattern(100, n + 1))
      assert.deepEqual(new Set(await bench.keys()), new Set(alike))
    }),

    ...treacherous.map(leadsNowhereElse),

    test('an empty key is INVALID_KEY', async (bench) => {
      assert.ok(refused(bench, ''), 'an empty key was taken')
    }),
  ],
}

function holdsKey(name: string, key: string): ConformanceTest {
  return test(`a key with ${name} is held as it is`, async (bench) => {
    const { refused: mustRefuse = [], renamed = {} } = bench.adapter.keys ?? {}
    if (refused(bench, key)) {
      assert.ok(mustRefuse.includes(key), `${key} was refused, which the adapter's 'keys' do not say`)
      return
    }
    assert.ok(!mustRefuse.includes(key), `${key} was taken, though the adapter's 'keys' say it is refused`)
    const stored = renamed[key] ?? key
    const [bytes, other] = [pattern(1000, 1), pattern(1000, 2)]
    await bench.write('neighbour', other)
    await bench.write(key, bytes)
    const info = await bench.holds(key, bytes)
    assert.equal(info.key, stored, 'the key that stat gives')
    assert.deepEqual(await bench.keys(stored), [stored], 'the listing with the key as its prefix')
    await bench.holds('neighbour', other)
  })
}

function leadsNowhereElse(key: string): ConformanceTest {
  return test(`the key "${key}" is refused, or held as it is`, async (bench) => {
    if (refused(bench, key)) return
    const stored = bench.adapter.keys?.renamed?.[key] ?? key
    const [bytes, other] = [pattern(100, 1), pattern(100, 2)]
    for (const neighbour of ['a', 'b', 'absolute', 'outside']) await bench.write(`near/${neighbour}`, other)
    await bench.write(key, bytes)
    const info = await bench.holds(key, bytes)
    assert.equal(info.key, stored, 'the key that stat gives')
    const others = (await bench.keys()).filter((listed) => !listed.startsWith('near/'))
    assert.deepEqual(others, [stored], 'the keys that are there')
  })
}

/** Both ways to a key must judge it alike, at once, and touch nothing. */
function refused({ store }: Bench, key: string): boolean {
  const verdicts = [() => store.source(key), () => store.sink(key)].map((make) => {
    try {
      make()
      return undefined
    } catch (error) {
      return (error as { code?: unknown }).code ?? error
    }
  })
  assert.equal(verdicts[0], verdicts[1], `source() and sink() judge ${JSON.stringify(key)} differently`)
  if (verdicts[0] !== undefined)
    assert.equal(verdicts[0], 'INVALID_KEY', `the error for ${JSON.stringify(key)}`)
  return verdicts[0] !== undefined
}
