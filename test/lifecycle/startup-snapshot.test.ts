import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'tsup'
import { expect, it } from 'vitest'
import { s3Server } from '../../src/testing'
import { installed } from '../support/installed'

const run = promisify(execFile)
const example = fileURLToPath(new URL('../../examples/startup-snapshot/app.cjs', import.meta.url))

it('an application that starts from a snapshot transfers in its new process', async () => {
  await using user = await installed()
  const { dir } = user
  await build({
    entry: { app: example },
    ...{ format: ['cjs'], outDir: dir, config: false, silent: true, clean: false, noExternal: [/.*/] },
    esbuildOptions(options) {
      options.alias = { sluiceway: join(dir, 'node_modules/sluiceway/dist/index.cjs') }
    },
  })
  await using server = await s3Server()
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
