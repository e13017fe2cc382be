import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/resume/checkpoint'
import { anyCheckpoint, checkpoint, receipt, receipts, size } from './checkpoints'

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

describe('a checkpoint', () => {
  it('comes back as it was, through any store that keeps JSON', () => {
    fc.assert(
      fc.property(anyCheckpoint, (given) => {
        const kept = JSON.parse(JSON.stringify(encodeCheckpoint(given)))
        expect(decodeCheckpoint(kept)).toEqual(given)
      }),
      { numRuns: 500 },
    )
  })

  it('comes back as it was from a store that keeps text', () => {
    const given = checkpoint({ revision: 7, parts: receipts(3) })
    expect(decodeCheckpoint(JSON.stringify(encodeCheckpoint(given)))).toEqual(given)
  })

  it('comes back as it was from a store that sorts the names of objects', () => {
    const given = checkpoint({
      revision: 7,
      session: { z: 1, a: { y: null, b: [2, 'c'] } },
      parts: receipts(3),
    })
    const sorted = (value: unknown): unknown =>
      Array.isArray(value) || typeof value !== 'object' || value === null
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, inner]) => [name, sorted(inner)]),
          )
    expect(decodeCheckpoint(sorted(encodeCheckpoint(given)))).toEqual(given)
  })

  it('has its parts in order, and of a part recorded twice the later receipt', () => {
    const parts = [receipt(4), receipt(0), { ...receipt(4), etag: '"later"' }, receipt(2)]
    expect(decodeCheckpoint(encodeCheckpoint(checkpoint({ parts })))?.parts).toEqual([
      receipt(0),
      receipt(2),
      { ...receipt(4), etag: '"later"' },
    ])
  })

  it('of 10,000 parts takes less than half a MiB', () => {
    const parts = receipts(10_000).map((part) => (part.index === 9_999 ? { ...part, size: 5 } : part))
    const kept = encodeCheckpoint(checkpoint({ parts }))
    expect(bytesOf(kept)).toBeLessThan(512 * 1024)
    expect(decodeCheckpoint(kept)?.parts).toEqual(parts)
  })

  it('of 10,000 parts takes less than 1 MiB at its worst', () => {
    // Every second part, each of its own size, with ETags that are no MD5 of the part, as encryption makes them.
    const parts = receipts(10_000).map((part) => ({
      ...part,
      index: part.index * 2,
      size: size + part.index,
      etag: receipt(part.index + 1).etag,
    }))
    const kept = encodeCheckpoint(checkpoint({ parts }))
    expect(bytesOf(kept)).toBeLessThan(1024 * 1024)
    expect(decodeCheckpoint(kept)?.parts).toEqual(parts)
  })

  it('holds nothing but what it was given', () => {
    const parts = [{ ...receipt(0), authorization: 'secret' }]
    expect(JSON.stringify(encodeCheckpoint(checkpoint({ parts })))).not.toContain('secret')
  })
})

describe('what is no whole checkpoint', () => {
  it('counts as none, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(decodeCheckpoint(value)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  it('counts as none, whatever its fields are', () => {
    const whole = encodeCheckpoint(checkpoint({ parts: receipts(3) })) as Record<string, unknown>
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(whole)), fc.anything(), (name, value) => {
        fc.pre(JSON.stringify(value) !== JSON.stringify(whole[name]))
        expect(decodeCheckpoint({ ...whole, [name]: value })).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  it('counts as none when it was cut anywhere', () => {
    fc.assert(
      fc.property(anyCheckpoint, fc.double({ min: 0, max: 1, noNaN: true }), (given, share) => {
        const text = JSON.stringify(encodeCheckpoint(given))
        expect(decodeCheckpoint(text.slice(0, Math.floor(share * (text.length - 1))))).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it('counts as none when any of its characters was altered so that it means something else', () => {
    const given = checkpoint({ revision: 12, parts: receipts(5) })
    const text = JSON.stringify(encodeCheckpoint(given))
    fc.assert(
      fc.property(
        fc.nat({ max: text.length - 1 }),
        fc.string({ minLength: 1, maxLength: 2 }),
        (at, other) => {
          const altered = text.slice(0, at) + other + text.slice(at + 1)
          // A space between two tokens, or 1.0 for 1, changes nothing.
          fc.pre(meaningOf(altered) !== text)
          expect(decodeCheckpoint(altered)).toBeUndefined()
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('counts as none when it is of another format version', () => {
    const whole = encodeCheckpoint(checkpoint()) as object
    expect(decodeCheckpoint({ ...whole, format: 2 })).toBeUndefined()
  })

  it('counts as none when reading it throws', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('hostile')
        },
      },
    )
    expect(decodeCheckpoint(hostile)).toBeUndefined()
  })
})

/** The text as it would be written again; undefined where it is no JSON. */
function meaningOf(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return undefined
  }
}
