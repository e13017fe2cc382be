import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildPackage, packageRoot } from '../built-package'

describe('the example of a rolling deploy', () => {
  beforeAll(buildPackage)

  it('lets the new worker finish what the old one was stopped in, and sends nothing twice', async () => {
    const run = await promisify(execFile)(process.execPath, ['examples/rolling-deploy/run.mjs'], {
      cwd: packageRoot,
    })
    expect(run.stdout).toMatch(/^old worker +: stopped; the next worker goes on from here$/m)
    expect(run.stdout).toMatch(/^new worker +: goes on from \d+ MiB of a worker before it$/m)
    const [, kept] =
      /^new worker +: done: 192 MiB, of which (\d+) MiB were not sent again$/m.exec(run.stdout) ?? []
    expect(Number(kept)).toBeGreaterThanOrEqual(96)
    expect(run.stdout).toMatch(/192 MiB arrived over both workers, 0 MiB of it twice$/m)
  })
})
