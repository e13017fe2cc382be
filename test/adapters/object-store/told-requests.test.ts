import { expect, it } from 'vitest'
import { objectStore } from '../../../src/adapters/object-store/store'
import { messagesOf } from '../../support/messages'
import { bodyOf, FakeApi, newObject } from './fake-api'

it('tells of each request to a store, whether it succeeds or fails', async () => {
  const messages = messagesOf('sluiceway:request')
  const api = new FakeApi()
  const store = objectStore(api, { capabilities: {}, close() {} })
  const session = await store.sink('key').begin(newObject())
  await session.writePart({ index: 0, start: 0, size: 3 }, bodyOf('abc'))
  await session.abort()
  const failure = await store
    .source('missing')
    .stat()
    .catch((error) => error)

  expect(messages[0]).toEqual({ store: api.name, operation: 'createUpload', elapsedMs: expect.any(Number) })
  expect(messages.map(({ operation }) => operation)).toEqual(
    expect.arrayContaining(['uploadPart', 'abortUpload']),
  )
  expect(messages.at(-1)).toMatchObject({ operation: 'head', error: failure })
})
