import assert from 'node:assert/strict'
import type { OptionalMember } from '../adapter'
import { type Topic, test } from '../test'

const knownAttributes = [
  'contentType',
  'cacheControl',
  'contentDisposition',
  'contentEncoding',
  'metadata',
  'storageClass',
]

export const members: Topic = {
  name: 'what an adapter says of itself',
  tests: [
    test('has exactly the optional members it is said to have', async (bench) => {
      const sink = bench.store.sink('members')
      const session = await bench.begin('members')
      await session.abort()
      const present: Record<OptionalMember, boolean> = {
        peek: bench.store.source('members').peek !== undefined,
        put: sink.put !== undefined,
        stat: sink.stat !== undefined,
        resume: sink.resume !== undefined,
        reconcile: sink.reconcile !== undefined,
        defer: sink.defer !== undefined,
        listParts: session.listParts !== undefined,
        copyPart: session.copyPart !== undefined,
        revoke: session.revoke !== undefined,
      }
      // One that always answers undefined copies as little as one that is missing: see the topic of copies.
      if (bench.lacks('copyPart')) present.copyPart = false
      for (const [member, there] of Object.entries(present)) {
        const lacking = bench.lacks(member as OptionalMember)
        assert.equal(
          there,
          !lacking,
          `${member}: ${there ? 'there' : 'missing'}; correct the adapter, or 'without'`,
        )
      }
    }),

    test('declares limits that can be kept', async ({ capabilities, partSize }) => {
      const { minPartSize = 1, maxPartSize, maxParts, maxObjectSize, maxPutSize } = capabilities
      const limits = { minPartSize, maxPartSize, maxParts, maxObjectSize, maxPutSize }
      for (const [name, limit] of Object.entries(limits)) {
        if (limit === undefined) continue
        assert.ok(Number.isSafeInteger(limit) && limit > 0, `${name} is ${limit}, not a positive integer`)
      }
      assert.ok(minPartSize <= (maxPartSize ?? minPartSize), 'minPartSize is above maxPartSize')
      assert.ok(partSize >= minPartSize, 'the partSize of the tests is below minPartSize')
      assert.ok(
        partSize * 3 <= (maxPartSize ?? partSize * 3),
        'parts of three times partSize must be allowed',
      )
    }),

    test('declares attributes and digests that exist', async ({ capabilities }) => {
      for (const name of capabilities.attributes ?? []) {
        assert.ok(knownAttributes.includes(name), `there is no attribute ${name}`)
      }
      for (const name of capabilities.attests ?? []) {
        assert.ok(['crc64', 'md5'].includes(name), `there is no digest ${name}`)
      }
    }),

    test('names its store and its objects', async ({ store }) => {
      assert.ok(store.name.length > 0, 'the store has no name')
      assert.ok(store.source('a/name').location.includes('a/name'), 'the location of a source names its key')
      assert.ok(store.sink('a/name').location.includes('a/name'), 'the location of a sink names its key')
    }),
  ],
}
