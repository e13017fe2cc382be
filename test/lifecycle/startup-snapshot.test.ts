import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'tsup'
import { expect, it, onTestFinished } from 'vitest'
import { s3Server } from '../../src/testing'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const source = (name: string) => join(root, 'src', name)

it('an application that starts from a snapshot transfers in its new process', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluiceway-snapshot-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const common = { format: ['cjs' as const], config: false, silent: true, dts: false, clean: false }
  await build({
    ...common,
    entry: { ceph: source('adapters/ceph/index.ts'), disk: source('adapters/disk/index.ts') },
    outDir: join(dir, 'node_modules/sluiceway'),
  })
  await symlink(join(root, 'node_modules/@aws-sdk'), join(dir, 'node_modules/@aws-sdk'))
  const exports = { './ceph': './ceph.cjs', './disk': './disk.cjs' }
  await writeFile(
    join(dir, 'node_modules/sluiceway/package.json'),
    JSON.stringify({ name: 'sluiceway', exports }),
  )
  await build({
    ...common,
    entry: { app: join(root, 'examples/startup-snapshot/app.cjs') },
    outDir: dir,
    noExternal: [/.*/],
    esbuildOptions(options) {
      options.alias = { sluiceway: source('index.ts') }
    },
  })
  const server = await s3Server()
  onTestFinished(() => server.close())
  await server.put('in/film.mov', 'moving pictures')
  const { accessKeyId, secretAccessKey } = server.credentials

  const blob = ['--no-warnings', '--snapshot-blob', join(dir, 'app.blob')]
  await run(process.execPath, [...blob, '--build-snapshot', join(dir, 'app.cjs')])
  const { stdout } = await run(
    process.execPath,
    [...blob, 'main', join(dir, 'package.json'), server.url, server.bucket],
    { env: { ...process.env, ACCESS_KEY: accessKeyId, SECRET_KEY: secretAccessKey, TARGET: dir } },
  )

  expect(stdout).toBe('moved 15 bytes\n')
}, 60_000)
