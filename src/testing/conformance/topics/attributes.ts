import assert from 'node:assert/strict'
import type { ObjectAttributes, ObjectInfo } from '../../../contract/source'
import type { Bench } from '../bench'
import { type Topic, test } from '../test'
import { digestsOf } from '../tools/digests'
import { writeObject } from '../tools/objects'
import { pattern } from '../tools/pattern'

/** No storageClass: its values differ from backend to backend. */
const usual: ObjectAttributes = {
  contentType: 'video/quicktime',
  cacheControl: 'private, max-age=60',
  contentDisposition: 'attachment; filename="a b.mov"',
  contentEncoding: 'gzip',
  metadata: { origin: 'camera 7', 'mixed-case': 'Value With Capitals', equation: 'a=b&c=d;e/f+g%20h' },
}

export const attributes: Topic = {
  name: 'attributes',
  tests: [
    test('the declared attributes are carried by a session', async (bench) => {
      const attributes = declared(bench)
      await writeObject(bench.store, 'carried', pattern(bench.partSize + 1), {
        partSize: bench.partSize,
        attributes,
      })
      carries(await bench.store.source('carried').stat(), attributes)
    }),

    test(
      'the declared attributes are carried by a put',
      async (bench) => {
        const attributes = declared(bench)
        const bytes = pattern(100)
        const object = { size: bytes.length, attributes, createOnly: false }
        await bench.store.sink('put').put!(object, bytes, digestsOf(bytes))
        carries(await bench.store.source('put').stat(), attributes)
      },
      ['put'],
    ),

    test('attributes are carried by an empty object', async (bench) => {
      const attributes = declared(bench)
      await writeObject(bench.store, 'empty', new Uint8Array(0), { attributes })
      carries(await bench.store.source('empty').stat(), attributes)
    }),

    test(
      'attributes are carried by a resumed session',
      async (bench) => {
        const attributes = declared(bench)
        const object = { size: 10, attributes, createOnly: false }
        const session = await bench.begin('resumed', object)
        const receipts = await bench.send(session, pattern(10))
        const resumed = await bench.store.sink('resumed').resume!(session.state, object)
        await resumed.commit(receipts)
        carries(await bench.store.source('resumed').stat(), attributes)
      },
      ['resume'],
    ),

    test('an object without attributes inherits none from the one it replaces', async (bench) => {
      await writeObject(bench.store, 'heir', pattern(10), { attributes: declared(bench) })
      await bench.write('heir', pattern(10, 2))
      const info = await bench.store.source('heir').stat()
      assert.deepEqual(info.metadata ?? {}, {}, 'metadata')
      for (const name of ['cacheControl', 'contentDisposition', 'contentEncoding'] as const) {
        assert.equal(info[name] ?? '', '', name)
      }
      assert.notEqual(info.contentType, usual.contentType, 'contentType')
    }),

    test('a sink keeps the attributes it was made with', async (bench) => {
      const attributes = declared(bench)
      assert.deepEqual(bench.store.sink('made', attributes).attributes ?? {}, attributes)
    }),
  ],
}

/** Of the attributes to try, those which the sink says it can store; the core passes no others. */
function declared({ adapter, capabilities }: Bench): ObjectAttributes {
  const names = capabilities.attributes ?? []
  const entries = Object.entries(adapter.attributes ?? usual)
  return Object.fromEntries(entries.filter(([name]) => names.includes(name as keyof ObjectAttributes)))
}

function carries(info: ObjectInfo, { metadata, ...wanted }: ObjectAttributes): void {
  for (const [name, value] of Object.entries(wanted)) {
    assert.equal(info[name as keyof ObjectInfo], value, name)
  }
  if (metadata) assert.deepEqual(lowerCase(info.metadata), lowerCase(metadata), 'metadata')
}

function lowerCase(metadata: ObjectAttributes['metadata'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]))
}
