// With every optional peer installed, the main entry still loads none of them.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'

const peers = /node_modules\/(@aws-sdk|@smithy|cos-nodejs-sdk-v5|bullmq|@opentelemetry)\//
const listLoaded = `Object.keys(require.cache).filter((path) => ${peers}.test(path)).join()`

function outputOf(format, script) {
  const args = ['--import', './watch-imports.mjs', `--input-type=${format}`, '-e', script]
  const run = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
  return run.stdout.trim()
}

const modules = (name) =>
  outputOf(
    'module',
    `import { createRequire } from 'node:module'; const require = createRequire('${import.meta.url}')
     await import('${name}'); console.log(${listLoaded})`,
  )
const commonjs = (name) => outputOf('commonjs', `require('${name}'); console.log(${listLoaded})`)

assert.equal(modules('sluiceway'), '')
assert.equal(commonjs('sluiceway'), '')
// And the look-out sees them where they are loaded.
assert.match(modules('@aws-sdk/client-s3'), /client-s3/)
assert.match(commonjs('cos-nodejs-sdk-v5'), /cos-nodejs-sdk-v5/)
console.log('importing sluiceway loads no SDK module')
