import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { memfs } from 'memfs'
import { disk } from 'sluiceway/disk'
import { conformance } from 'sluiceway/testing'
import { describe, it } from 'vitest'

const without = ['put', 'copyPart', 'revoke'] as const
const keys = { renamed: { 'a//b': 'a/b', './a': 'a', 'a/./b': 'a/b' } }

conformance(
  { describe, it },
  {
    name: 'disk()',
    without,
    keys,
    async create() {
      const root = await mkdtemp(join(tmpdir(), 'disk-conformance-'))
      const store = disk({ root })
      return {
        store,
        async dispose() {
          await store.close()
          rmSync(root, { recursive: true })
        },
        leftovers: async () =>
          (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.includes('.sluiceway-')),
        reopen: async () => disk({ root }),
        async putRaw(key, bytes) {
          mkdirSync(dirname(join(root, key)), { recursive: true })
          writeFileSync(join(root, key), bytes)
        },
        getRaw: async (key) => readFileSync(join(root, key)),
      }
    },
  },
)

conformance(
  { describe, it },
  {
    name: 'disk() on memfs',
    without,
    keys,
    async create() {
      const { fs } = memfs()
      return { store: disk({ root: '/root', fs }), dispose: async () => {} }
    },
  },
)
