import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transfer } from 'sluiceway'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fakeSource, pattern, sha256 } from '../transfer/fakes'
import { describeWithCeph } from './real-ceph'
import { cephStore, MiB } from './stores'

const run = promisify(execFile)

/** The check is not our own: another client, in another language, reads what was written. */
describeWithCeph('s3cmd', (gateway) => {
  let folder: string
  let config: string

  beforeAll(async () => {
    await installed()
    folder = await mkdtemp(join(tmpdir(), 'sluiceway-s3cmd-'))
    config = join(folder, 's3cfg')
    const { host } = new URL(gateway.endpoint)
    const { accessKeyId, secretAccessKey } = gateway.credentials
    const lines = [
      '[default]',
      `access_key = ${accessKeyId}`,
      `secret_key = ${secretAccessKey}`,
      `host_base = ${host}`,
      `host_bucket = ${host}`,
      'use_https = False',
    ]
    await writeFile(config, lines.join('\n'), { mode: 0o600 })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const s3cmd = (...args: string[]) => run('s3cmd', ['--config', config, '--no-progress', ...args])

  it.each([
    ['an object put whole', 1_234_567, 'whole.mov'],
    ['an object of many parts', 23 * MiB + 7, 'parts.mov'],
    ['a key in Chinese', 100, '目录/大 文件+1.mov'],
  ])('reads %s as it was written, and sees its content type', async (_, size, key) => {
    const bytes = pattern(size)
    const store = cephStore(gateway)
    await transfer(fakeSource(bytes), store.sink(key), {
      partSize: 5 * MiB,
      metadata: { contentType: 'video/quicktime' },
    })
    await store.close()
    const address = `s3://${gateway.bucket}/${key}`
    const file = join(folder, 'out')
    await s3cmd('get', '--force', address, file)
    expect(sha256(await readFile(file))).toBe(sha256(bytes))
    const { stdout } = await s3cmd('info', address)
    expect(stdout).toMatch(/MIME type:\s+video\/quicktime/)
    expect(stdout).toMatch(new RegExp(`File size:\\s+${size}\\b`))
  })

  it('writes what is then read as it is', async () => {
    const bytes = pattern(20 * MiB + 1)
    const file = join(folder, 'in')
    await writeFile(file, bytes)
    await s3cmd('put', '--multipart-chunk-size-mb=5', file, `s3://${gateway.bucket}/from-s3cmd`)
    const store = cephStore(gateway)
    const chunks: Buffer[] = []
    for await (const chunk of await store.source('from-s3cmd').open()) chunks.push(Buffer.from(chunk))
    await store.close()
    expect(sha256(Buffer.concat(chunks))).toBe(sha256(bytes))
  })
})

/** s3cmd comes from Debian's packages, as the gateway does, and can be had wherever that can. */
async function installed(): Promise<void> {
  if (
    await run('s3cmd', ['--version']).then(
      () => true,
      () => false,
    )
  )
    return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['install', '-y', '--no-install-recommends', 's3cmd'], { env })
}
