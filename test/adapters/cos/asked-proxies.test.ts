import { createRequire } from 'node:module'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { asksProxy } from '../../../src/adapters/cos/asked-proxies'

const host = 'b-1.cos.ap-guangzhou.myqcloud.com'
const plain = { protocol: 'http:', host, port: 80 }
const secure = { protocol: 'https:', host, port: 443 }

/** How the SDK finds out: a module of the client of HTTP it is built on. */
const require = createRequire(createRequire(import.meta.url).resolve('cos-nodejs-sdk-v5'))
const ofSdk: (uri: object) => string | null = require('cos-request/lib/getProxyFromURI')

const variables = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy']
beforeEach(() => {
  for (const name of variables) vi.stubEnv(name, '')
})
afterEach(() => vi.unstubAllEnvs())

describe('a proxy of the environment', () => {
  it.each<[asked: { plain: boolean; secure: boolean }, environment: Record<string, string>]>([
    [{ plain: false, secure: false }, {}],
    [{ plain: true, secure: true }, { HTTP_PROXY: 'http://p' }],
    [{ plain: true, secure: true }, { http_proxy: 'http://p' }],
    [{ plain: false, secure: true }, { HTTPS_PROXY: 'http://p' }],
    [{ plain: false, secure: true }, { https_proxy: 'http://p' }],
    [
      { plain: false, secure: false },
      { HTTP_PROXY: 'http://p', NO_PROXY: '*' },
    ],
    [
      { plain: false, secure: false },
      { HTTP_PROXY: 'http://p', NO_PROXY: 'other, .MyQcloud.com' },
    ],
    [
      { plain: false, secure: false },
      { HTTP_PROXY: 'http://p', no_proxy: host },
    ],
    [
      { plain: true, secure: true },
      { HTTP_PROXY: 'http://p', NO_PROXY: 'cloud.com,,b-1' },
    ],
    [
      { plain: true, secure: false },
      { HTTP_PROXY: 'http://p', NO_PROXY: 'myqcloud.com:443' },
    ],
  ])('is asked as the SDK would ask it: %j by %j', (asked, environment) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
    expect({ plain: asksProxy(plain), secure: asksProxy(secure) }).toEqual(asked)
    for (const { protocol, host, port } of [plain, secure]) {
      const uri = { protocol, hostname: host, port: String(port) }
      expect(ofSdk(uri) !== null).toBe(asksProxy({ protocol, host, port }))
    }
  })
})
