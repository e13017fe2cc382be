import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { cos } from '../../../src/adapters/cos'
import { cosServer } from '../../../src/testing'
import { failure, optionsFor, pair, region, sdk } from './servers'

const old = { secretId: 'AKIDold', secretKey: 'old-key', securityToken: 'old-token' }
const fresh = { secretId: 'AKIDnew', secretKey: 'new-key', securityToken: 'new-token' }
const past = new Date(Date.now() - 1000)

describe('credentials', () => {
  it('may be temporary: the token goes with each request', async () => {
    await using at = await pair({ credentials: fresh }, { credentials: fresh })
    await at.server.put('key', 'content')
    expect((await at.store.source('key').stat()).size).toBe(7)
  })

  it('of a function are kept while they last', async () => {
    let asked = 0
    const credentials = async () => {
      asked += 1
      return { ...fresh, expiration: new Date(Date.now() + 3600_000) }
    }
    await using at = await pair({ credentials: fresh }, { credentials })
    await at.server.put('key', 'content')
    await Promise.all([at.store.source('key').stat(), at.store.source('key').stat()])
    await at.store.source('key').stat()
    expect(asked).toBe(1)
  })

  it('are asked for again before they expire', async () => {
    let asked = 0
    const credentials = async () => {
      asked += 1
      return { ...fresh, expiration: past }
    }
    await using at = await pair({ credentials: fresh }, { credentials })
    await at.server.put('key', 'content')
    await at.store.source('key').stat()
    await at.store.source('key').stat()
    expect(asked).toBe(2)
  })

  // The SDK keeps keys it was given until the time that was stated with them.
  for (const [name, call] of [
    ['GET', (store: ReturnType<typeof cos>) => store.source('key').open()],
    ['HEAD, whose answer does not say so', (store: ReturnType<typeof cos>) => store.source('key').stat()],
  ] as const) {
    it(`that COS calls expired are temporary errors, and others are asked for: ${name}`, async () => {
      const issued = [old, fresh]
      let asked = 0
      const credentials = async () => issued[asked++]!
      await using at = await pair({ credentials: [{ ...old, expires: past }, fresh] }, { credentials })
      await at.server.put('key', 'content')
      expect(await failure(call(at.store))).toMatchObject({ code: 'ACCESS_DENIED', retry: 'temporary' })
      await call(at.store)
      expect(asked).toBe(2)
    })
  }

  it('that are expired again and again are a permanent error in the end', async () => {
    await using at = await pair(
      { credentials: { ...old, expires: past } },
      { credentials: async () => ({ ...old }) },
    )
    const open = () => failure(at.store.source('key').open())
    expect((await open()).retry).toBe('temporary')
    expect(await open()).toMatchObject({ code: 'ACCESS_DENIED', retry: 'permanent' })
  })

  it('that are fixed and expired are a permanent error', async () => {
    await using at = await pair({ credentials: { ...old, expires: past } }, { credentials: old })
    const error = await failure(at.store.source('key').open())
    expect(error).toMatchObject({ code: 'ACCESS_DENIED', retry: 'permanent' })
    expect(error.message).toContain('credentials function')
  })

  for (const nothing of [undefined, {}, { secretId: 'AKID' }]) {
    it(`of a function that gives ${JSON.stringify(nothing)} fail the call, where the SDK ends the process`, async () => {
      await using at = await pair({}, { credentials: async () => nothing as never })
      expect((await failure(at.store.source('key').stat())).code).toBe('INVALID_OPTION')
      expect(at.server.requests).toEqual([])
    })
  }

  it('of a function that fails are a temporary error with its error as the cause', async () => {
    const cause = new Error('no network')
    await using at = await pair({}, { credentials: () => Promise.reject(cause) })
    expect(await failure(at.store.source('key').stat())).toMatchObject({
      code: 'ACCESS_DENIED',
      retry: 'temporary',
      cause,
    })
  })

  it('never show in an error, its causes included', async () => {
    const server = await cosServer({ credentials: { ...fresh, secretKey: 'another-key' } })
    const stores = [
      cos({ ...optionsFor(server), credentials: fresh }),
      cos({
        bucket: server.bucket,
        region,
        client: sdk(server, {
          SecretId: fresh.secretId,
          SecretKey: fresh.secretKey,
          SecurityToken: fresh.securityToken,
        }),
      }),
    ]
    for (const store of stores) {
      const refused = await failure(store.source('key').open())
      // For ever: an idle connection that dies under a GET is replaced without a word.
      const resets = server.misbehave({ times: Number.POSITIVE_INFINITY, fault: { type: 'reset' } })
      const broken = await failure(store.source('key').open())
      resets.stop()
      expect([refused.code, broken.code]).toEqual(['ACCESS_DENIED', 'CONNECTION'])
      for (const error of [refused, broken]) {
        const shown = `${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify(error)} ${String(error)}`
        for (const secret of [fresh.secretKey, fresh.securityToken, 'q-signature'])
          expect(shown).not.toContain(secret)
      }
      await store.close()
    }
    await server.close()
  })

  it('signed by a clock that is wrong are told to set it', async () => {
    await using at = await pair({ now: () => new Date(Date.now() - 3600_000) })
    const error = await failure(at.store.source('key').open())
    expect(error).toMatchObject({ code: 'ACCESS_DENIED', retry: 'permanent' })
    expect(error.message).toContain('clock')
  })
})
