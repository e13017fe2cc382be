import { execFile } from 'node:child_process'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { s3Server } from '../../src/testing'
import { installed } from '../support/installed'

let user: Awaited<ReturnType<typeof installed>>

beforeAll(async () => {
  user = await installed()
  await cp(fileURLToPath(new URL('../../examples/hosts', import.meta.url)), user.dir, { recursive: true })
}, 60_000)

afterAll(() => user[Symbol.asyncDispose]())

it.each([
  ['cluster', []],
  ['fork', []],
  ['worker-threads', []],
  ['worker-threads', ['--import', 'sluiceway/preload']],
  ['piscina', []],
  ['piscina', ['--import', 'sluiceway/preload']],
])('the example with %s moves its objects %j', async (name, execArgv) => {
  await using server = await s3Server()
  await server.put('a.mov', 'one')
  await server.put('b.mov', 'three')
  const env = {
    ...process.env,
    CEPH_ENDPOINT: server.url,
    CEPH_BUCKET: server.bucket,
    CEPH_ACCESS_KEY: server.credentials.accessKeyId,
    CEPH_SECRET_KEY: server.credentials.secretAccessKey,
    TARGET: join(user.dir, `${name}${execArgv.length}`),
  }
  const args = ['--no-warnings', ...execArgv, join(user.dir, `${name}.mjs`), 'a.mov', 'b.mov']
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, cwd: user.dir })
  expect(stdout.trim().split('\n').sort()).toEqual(['a.mov: 3 bytes', 'b.mov: 5 bytes'])
  expect(await readFile(join(env.TARGET, 'b.mov'), 'utf8')).toBe('three')
})
