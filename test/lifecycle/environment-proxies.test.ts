import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ceph } from '../../src/adapters/ceph'
import { createLifecycle } from '../../src/lifecycle'
import { mayBeProxied } from '../../src/lifecycle/environment-proxies'
import { rawServer, reply, textOf } from '../adapters/object-store/direct-get/raw-server'
import { withDirectReads } from '../support/direct-reads'

withDirectReads()

const optionsOf = (agent: object) => (agent as { options: { proxyEnv?: object } }).options

beforeEach(() => {
  const proxies = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']
  for (const name of ['NODE_USE_ENV_PROXY', 'NODE_OPTIONS', ...proxies]) vi.stubEnv(name, '')
})

afterEach(() => vi.unstubAllEnvs())

/** Only Node's client says so: a request without it went the direct way. */
const ofNode = /^connection: keep-alive$/im

/** The request by which an object is read. */
async function reading(): Promise<string> {
  const server = await rawServer((socket) => socket.write(reply('x')))
  // Were there a proxy in force, it would be the server itself.
  if (process.env.HTTP_PROXY) vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${server.port}`)
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const endpoint = `http://127.0.0.1:${server.port}`
  const store = ceph({ bucket: 'b', endpoint, credentials, lifecycle: createLifecycle() })
  onTestFinished(() => store.close())
  expect(await textOf(await store.source('k').open())).toBe('x')
  return server.requests[0]!
}

describe('proxies of the environment', () => {
  it.each([
    ['NODE_USE_ENV_PROXY', '1'],
    ['NODE_OPTIONS', '--no-warnings --use-env-proxy'],
  ])('are obeyed by the agents where Node is told to: %s=%s', (name, value) => {
    vi.stubEnv(name, value)
    const { http, https } = createLifecycle().agents
    expect(optionsOf(http).proxyEnv).toBe(process.env)
    expect(optionsOf(https).proxyEnv).toBe(process.env)
  })

  it('are left alone where it is not', () => {
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1')
    expect(optionsOf(createLifecycle().agents.http).proxyEnv).toBeUndefined()
  })

  it('are not evaded by direct reads', async () => {
    expect(await reading()).not.toMatch(ofNode)
    vi.stubEnv('NODE_USE_ENV_PROXY', '1')
    expect(await reading()).not.toMatch(ofNode)
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1')
    expect(await reading()).toMatch(ofNode)
  })

  it.each([
    ['HTTP_PROXY', 'http:', 'https:'],
    ['http_proxy', 'http:', 'https:'],
    ['HTTPS_PROXY', 'https:', 'http:'],
    ['https_proxy', 'https:', 'http:'],
  ])('are those of the protocol: %s', (name, protocol, other) => {
    vi.stubEnv(name, 'http://127.0.0.1:1')
    expect(mayBeProxied(protocol)).toBe(false)
    vi.stubEnv('NODE_USE_ENV_PROXY', '1')
    expect(mayBeProxied(protocol)).toBe(true)
    expect(mayBeProxied(other)).toBe(false)
  })
})
