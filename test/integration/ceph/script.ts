import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const path = fileURLToPath(new URL('start-ceph.sh', import.meta.url))

/** Runs start-ceph.sh; resolves with what it printed, rejects with what it complained of. */
export function runScript(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(stdout)
      else reject(new Error(`start-ceph.sh ${args[0]} ended with status ${code}: ${stderr.trim()}`))
    })
  })
}

/** Why this machine cannot run a gateway; undefined where it can, though packages may have to be installed first. */
export async function cephUnavailable(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `this machine runs ${process.platform}, not Linux`
  return runScript(['check']).then(
    () => undefined,
    (error: Error) => error.message,
  )
}
