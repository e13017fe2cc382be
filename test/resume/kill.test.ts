import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeCheckpoint } from '../../src/resume/checkpoint'
import { fileCheckpoints } from '../../src/resume/index'

const script = fileURLToPath(new URL('save-until-killed.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'checkpoints-'))
const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Kills a process that saves checkpoints, after its first save and a random while. @returns the last save it named */
async function saveAndKill(id: string, whileMs: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder, id], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    // The first save starts the clock: starting a process takes far longer than a few saves.
    if (output === '') setTimeout(() => child.kill('SIGKILL'), whileMs)
    output += text
  })
  const [, signal] = await once(child, 'close')
  running.delete(child)
  expect(signal).toBe('SIGKILL')
  return Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1))
}

describe('a process killed 50 times in the middle of its saves', () => {
  it('leaves the checkpoint it last saved or the next one, whole, and nothing once it is deleted', async () => {
    const store = fileCheckpoints(folder)
    const lane = async (id: string) => {
      for (let kill = 0; kill < 25; kill++) {
        const acknowledged = await saveAndKill(id, Math.random() * 30)
        const found = decodeCheckpoint(await store.load(id))
        expect([acknowledged, acknowledged + 1]).toContain(found?.revision)
        expect(found?.parts).toHaveLength(found!.revision % 2000)
      }
    }
    await Promise.all([lane('first'), lane('SECOND')])
    await store.delete('first')
    await store.delete('SECOND')
    expect(readdirSync(folder)).toEqual([])
  }, 120_000)
})
