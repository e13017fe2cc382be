import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/resume/checkpoint'
import {
  type CheckpointStore,
  fileCheckpoints,
  keyvCheckpoints,
  memoryCheckpoints,
} from '../../src/resume/index'
import { checkpoint, receipts } from './checkpoints'
import { fakeKeyv } from './fake-keyv'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function inNewFolder(): CheckpointStore {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoints-'))
  folders.push(folder)
  return fileCheckpoints(join(folder, 'not/there/yet'))
}

const oddIds = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '/',
    '../../etc/passwd',
    '/etc/passwd',
    'C:\\x',
    'a/b',
    'a:b',
    'a\\b',
    'a//b',
    'a%2Fb',
  ],
  ...['job-42', 'Job-42', 'JOB-42', 'job-42 ', 'con', 'nul.json', '~', '\0', 'a\nb', '*', '?x', '__proto__'],
  // One letter, composed and decomposed; a long s, the Kelvin sign; two lone surrogates and the replacement character.
  ...['\u00e9', 'e\u0301', 's', '\u017f', 'k', '\u212a', '\ud800', '\udc00', '\ufffd'],
  ...['x'.repeat(255), 'x'.repeat(256), '\u{1f30a}'.repeat(300)],
]

describe.each([
  ['files', inNewFolder],
  ['memory', memoryCheckpoints],
  ['Keyv', () => keyvCheckpoints(fakeKeyv())],
])('checkpoints in %s', (_, open) => {
  it('come back as they were saved, until they are deleted', async () => {
    const store = open()
    const given = checkpoint({ revision: 3, parts: receipts(20) })
    await store.save('id', encodeCheckpoint(given))
    expect(decodeCheckpoint(await store.load('id'))).toEqual(given)
    await store.delete('id')
    expect(decodeCheckpoint(await store.load('id'))).toBeUndefined()
  })

  it('are none where none was saved, and may be deleted there', async () => {
    const store = open()
    expect((await store.load('nobody')) ?? undefined).toBeUndefined()
    await store.delete('nobody')
  })

  it('are replaced by the next save', async () => {
    const store = open()
    for (const revision of [1, 2, 3]) await store.save('id', encodeCheckpoint(checkpoint({ revision })))
    expect(decodeCheckpoint(await store.load('id'))?.revision).toBe(3)
  })

  it('take any string as an id, and never mistake one for another', async () => {
    const store = open()
    for (const [nth, id] of oddIds.entries()) await store.save(id, nth)
    for (const [nth, id] of oddIds.entries()) expect([id, await store.load(id)]).toEqual([id, nth])
    for (const id of oddIds.slice(1)) await store.delete(id)
    expect(await store.load(oddIds[0]!)).toBe(0)
  })

  it('take any string as an id', async () => {
    const store = open()
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    })
    await fc.assert(
      fc.asyncProperty(text, fc.jsonValue({ maxDepth: 1 }), async (id, value) => {
        const json = JSON.parse(JSON.stringify({ value }))
        await store.save(id, json)
        expect(await store.load(id)).toEqual(json)
        await store.delete(id)
        expect((await store.load(id)) ?? undefined).toBeUndefined()
      }),
      { numRuns: 40 },
    )
  })

  it('are copies: what is changed after a save or a load stays outside', async () => {
    const store = open()
    const given = { list: [1] }
    await store.save('id', given)
    given.list.push(2)
    const loaded = (await store.load('id')) as typeof given
    loaded.list.push(3)
    expect(await store.load('id')).toEqual({ list: [1] })
  })

  it.each([[undefined], [42], [null], [['id']]])('refuse the id %j', async (id) => {
    const store = open()
    for (const call of [store.load(id as never), store.save(id as never, 1), store.delete(id as never)]) {
      await expect(call).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        context: { option: 'checkpoint.id' },
      })
    }
  })
})
