import { describe, expect, it } from 'vitest'
import type { PartReceipt, Sink } from '../../../src/contract/sink'
import type { Digests, ObjectInfo } from '../../../src/contract/source'
import { createDigester } from '../../../src/integrity/digester'
import { compositeEtag } from '../../../src/integrity/etag'
import { memoryCheckpoints } from '../../../src/resume/memory-checkpoints'
import { resolveOptions, type TransferOptions } from '../../../src/transfer/options'
import { agree } from '../../../src/transfer/parts/receipts'
import { Run } from '../../../src/transfer/run'
import { transfer } from '../../../src/transfer/transfer'
import type { SourceParts } from '../../../src/transfer/verify/source-parts'
import { Verifier } from '../../../src/transfer/verify/verifier'
import { fakeSink, fakeSource, pattern } from '../fakes'

const bytes = pattern(3000)
const pieces = [0, 1, 2].map((index) => bytes.subarray(index * 1000, (index + 1) * 1000))

function digestsOf(some: Uint8Array): Required<Digests> {
  const digester = createDigester(['crc64', 'md5'])
  digester.update(some)
  return digester.digest() as Required<Digests>
}

const receiptOf = (index: number, names: ReadonlyArray<keyof Digests> = ['crc64']): PartReceipt => {
  const digests = digestsOf(pieces[index]!)
  return {
    index,
    size: 1000,
    etag: `e${index}`,
    ...Object.fromEntries(names.map((name) => [name, digests[name]])),
  }
}

const compositeMd5 = {
  md5: compositeEtag(pieces.map((piece) => digestsOf(piece).md5)).split('-')[0]!,
  parts: 3,
}

interface Setting extends TransferOptions {
  readonly info?: Partial<ObjectInfo>
  readonly parts?: SourceParts
  readonly capabilities?: Sink['capabilities']
}

function verifierOf({ info, parts, capabilities = {}, ...options }: Setting) {
  const [source, sink] = [fakeSource(bytes), fakeSink({ sink: { capabilities, resume: async () => null! } })]
  const run = new Run(source, sink, resolveOptions(source, sink, { partSize: 1000, ...options }))
  return new Verifier(run, { key: 'source', version: '1', size: bytes.length, ...info }, parts)
}

async function pass(verifier: Verifier, some: Uint8Array): Promise<Digests> {
  const digester = verifier.createDigester(some.length)
  await digester.update(some)
  return digester.digest()
}

async function move(verifier: Verifier, index: number): Promise<void> {
  const part = { index, start: index * 1000, size: 1000 }
  verifier.accept(agree(part, await pass(verifier, pieces[index]!), undefined))
}

/** Parts 0 and 1 were sent by an earlier process, part 2 is sent now. */
async function resume(verifier: Verifier, names?: ReadonlyArray<keyof Digests>): Promise<boolean[]> {
  const needed: boolean[] = []
  for (const index of [0, 1]) {
    const receipt = receiptOf(index, names)
    const needs = verifier.needsBytes(receipt)
    verifier.keep(receipt, receipt, needs ? await pass(verifier, pieces[index]!) : undefined)
    needed.push(needs)
  }
  await move(verifier, 2)
  verifier.checkSource(verifier.whole())
  return needed
}

const whole = digestsOf(bytes)
const certain = { composite: compositeMd5, certain: true }

describe('parts that an earlier process sent', () => {
  it('count for the CRC-64 of the whole without being read again', async () => {
    const verifier = verifierOf({ verify: 'end-to-end', info: { digests: { crc64: whole.crc64 } } })
    expect(await resume(verifier)).toEqual([false, false])
    expect(verifier.whole()).toEqual({ crc64: whole.crc64 })
    expect(verifier.report().verified).toContain('source-crc64')
  })

  it('are read again where their CRC-64 is not known', async () => {
    const verifier = verifierOf({ verify: 'end-to-end', info: { digests: { crc64: whole.crc64 } } })
    expect(await resume(verifier, [])).toEqual([true, true])
    expect(verifier.report().verified).toContain('source-crc64')
  })

  it('are read again, in order, for the MD5 of the whole', async () => {
    const verifier = verifierOf({ verify: 'end-to-end', info: { digests: { md5: whole.md5 } } })
    expect(await resume(verifier)).toEqual([true, true])
    expect(verifier.whole()).toEqual(whole)
    expect(verifier.report().verified).toContain('source-etag')
  })

  it('count by their MD5s for an ETag made of the same parts', async () => {
    const verifier = verifierOf({ verify: 'end-to-end', parts: { ...certain, sizes: [1000] } })
    expect(await resume(verifier, ['crc64', 'md5'])).toEqual([false, false])
    expect(verifier.report().verified).toContain('source-etag')
  })

  it.each([
    ['of the same parts whose MD5s are not known', 1000, 1000],
    ['of parts held whole by ours', 500, 1000],
    ['of parts across ours', 700, 1000],
  ])('are read again for an ETag made %s', async (_, size, partSize) => {
    const cuts = Array.from({ length: Math.ceil(3000 / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    )
    const md5 = compositeEtag(cuts.map((cut) => digestsOf(cut).md5)).split('-')[0]!
    const parts = { composite: { md5, parts: cuts.length }, sizes: [size], certain: true }
    const verifier = verifierOf({ verify: 'end-to-end', partSize, parts })
    expect(await resume(verifier)).toEqual([true, true])
    expect(verifier.report().verified).toContain('source-etag')
  })

  it('need not be read where the source is not to be checked, or states nothing', async () => {
    for (const verify of ['size', 'attested', 'end-to-end'] as const) {
      expect(await resume(verifierOf({ verify }), [])).toEqual([false, false])
    }
  })

  it('are attested where the sink states their digest now, and agrees', () => {
    const attested = (...listed: PartReceipt[]) => {
      const verifier = verifierOf({ capabilities: { attests: ['crc64'] } })
      for (const part of listed) verifier.keep(receiptOf(part.index), part)
      return verifier.report()
    }
    expect(attested(receiptOf(0))).toEqual({ verified: ['size', 'part-crc64'], unverified: [] })
    const { verified, unverified } = attested(receiptOf(0), { index: 1, size: 1000 })
    expect(verified).toEqual(['size'])
    expect(unverified).toMatchObject([{ check: 'part-crc64', reason: expect.stringContaining('1 of 2') }])
  })

  it('are refused where checkpoint, sink and source do not agree', () => {
    const bad = { code: 'INTEGRITY', retry: 'temporary' }
    const refused = (keep: () => void) => expect(keep).toThrow(expect.objectContaining(bad))
    const verifier = verifierOf({})
    refused(() => verifier.keep(receiptOf(0), { ...receiptOf(0), crc64: '1' }))
    refused(() => verifier.keep(receiptOf(0), { ...receiptOf(0), size: 999 }))
    refused(() => verifier.keep(receiptOf(0), { index: 0, size: 1000 }, digestsOf(pieces[1]!)))
  })

  it('make no digest of the whole where one came out of turn', async () => {
    const verifier = verifierOf({ verify: 'end-to-end', info: { digests: { md5: whole.md5 } } })
    await move(verifier, 1)
    await move(verifier, 0)
    await move(verifier, 2)
    verifier.checkSource(verifier.whole())
    expect(verifier.report().unverified).toMatchObject([{ check: 'source-etag' }])
  })
})

describe('digests that are computed', () => {
  const names = async (setting: Setting) => Object.keys(await pass(verifierOf(setting), bytes)).sort()
  const checkpoint = { store: memoryCheckpoints(), id: 'a' }

  it('are none for sizes alone, unless a checkpoint has to know the parts again', async () => {
    expect(await names({ verify: 'size', capabilities: { attests: ['md5'] } })).toEqual([])
    expect(await names({ verify: 'size', capabilities: { attests: ['md5'] }, checkpoint })).toEqual(['crc64'])
  })

  it('are the CRC-64, what the sink attests, and what the source has to be held against', async () => {
    expect(await names({})).toEqual(['crc64'])
    expect(await names({ capabilities: { attests: ['md5'] } })).toEqual(['crc64', 'md5'])
    expect(await names({ verify: 'end-to-end', parts: { ...certain, sizes: [1000] } })).toEqual([
      'crc64',
      'md5',
    ])
    expect(await names({ verify: 'end-to-end', parts: { ...certain, sizes: [700] } })).toEqual(['crc64'])
  })
})

describe('checks that were asked for and could not be made', () => {
  const attesting = (capabilities: Sink['capabilities']) => fakeSink({ sink: { capabilities } })

  it('are named where a sink does not state what it says it attests', async () => {
    const result = await transfer(fakeSource(bytes), attesting({ attests: ['crc64', 'md5'] }))
    expect(result.verified).toEqual(['size'])
    expect(result.unverified.map(({ check }) => check)).toEqual([
      'object-crc64',
      'object-etag',
      'part-crc64',
      'part-etag',
    ])
  })

  it('are none for sizes alone, nor where the sink attests nothing', async () => {
    const silent = attesting({ attests: ['crc64', 'md5'] })
    expect((await transfer(fakeSource(bytes), silent, { verify: 'size' })).unverified).toEqual([])
    expect((await transfer(fakeSource(bytes), fakeSink())).unverified).toEqual([])
    const empty = fakeSource(Buffer.alloc(0))
    expect((await transfer(empty, attesting({ attests: ['crc64'] }))).unverified).toEqual([])
  })
})
