// Without any optional peer installed, whatever needs none of them loads, and silently.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'

const free = [
  'sluiceway',
  ...['bullmq', 'disk', 'memory', 'preload', 'stream', 'testing'].map((name) => `sluiceway/${name}`),
]

for (const name of free) {
  for (const [format, load] of [
    ['module', `await import('${name}')`],
    ['commonjs', `require('${name}')`],
  ]) {
    const run = spawnSync(process.execPath, [`--input-type=${format}`, '-e', load], { encoding: 'utf8' })
    assert.deepEqual(
      { status: run.status, output: run.stdout + run.stderr },
      { status: 0, output: '' },
      `${name} (${format})`,
    )
  }
}
console.log(`loads without any SDK, and silently: ${free.join(', ')}`)
