import { execFile } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const packageRoot = fileURLToPath(new URL('../..', import.meta.url))

/** For processes that import the package as a user does, by plain Node: builds dist unless it is newer than the sources. */
export async function buildPackage(): Promise<void> {
  const built = await stat(join(packageRoot, 'dist/index.js')).catch(() => undefined)
  if (built && built.mtimeMs > (await newest(['src', 'package.json', 'tsup.config.ts']))) return
  await promisify(execFile)('npx', ['tsup', '--no-dts', '--silent'], { cwd: packageRoot })
}

async function newest(paths: readonly string[]): Promise<number> {
  let latest = 0
  for (const path of paths.map((name) => join(packageRoot, name))) {
    const found = await stat(path)
    const inside = found.isDirectory() ? await readdir(path, { recursive: true }) : []
    const times = await Promise.all(inside.map(async (name) => (await stat(join(path, name))).mtimeMs))
    latest = Math.max(latest, found.mtimeMs, ...times)
  }
  return latest
}
