// Every subpath loads as ESM and as CommonJS, side by side in one process, with the same names.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { exports } = require('sluiceway/package.json')
const names = Object.keys(exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.replace('.', 'sluiceway'))

const namesOf = (module) =>
  Object.keys(module)
    .filter((name) => name !== 'default' && name !== '__esModule' && name !== 'module.exports')
    .sort()

for (const name of names) {
  const asModule = await import(name)
  const asCommonJs = require(name)
  assert.ok(namesOf(asModule).length > 0, `${name} exports nothing`)
  assert.deepEqual(namesOf(asModule), namesOf(asCommonJs), name)
  assert.ok(!('default' in asModule), `${name} has a default export`)
}

const { TransferError: FromModule, transfer } = await import('sluiceway')
const { TransferError: FromCommonJs } = require('sluiceway')
assert.notEqual(FromModule, FromCommonJs)
assert.ok(FromModule.is(new FromCommonJs('NOT_FOUND', 'made by CommonJS')))
assert.ok(FromCommonJs.is(new FromModule('NOT_FOUND', 'made by ESM')))
assert.ok(!FromModule.is(new Error('another')))

// A store of one format in a transfer of the other.
const { memory } = require('sluiceway/memory')
const missing = memory()
const failure = await transfer(missing.source('a'), missing.sink('b')).catch((error) => error)
assert.ok(FromModule.is(failure) && FromCommonJs.is(failure))
assert.equal(failure.code, 'NOT_FOUND')

// One lifecycle for both, and one made by either serves the stores of the other.
const { lifecycle } = await import('sluiceway')
const { createLifecycle, lifecycle: ofCommonJs } = require('sluiceway')
assert.equal(lifecycle, ofCommonJs)
const { ceph } = await import('sluiceway/ceph')
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
const made = createLifecycle()
ceph({ bucket: 'b', endpoint: 'http://127.0.0.1:1', credentials, lifecycle: made })
console.log(`loads as ESM and CommonJS: ${names.join(', ')}`)
