import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import tsup from '../../tsup.config'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A folder in which the package is installed as its users have it, built from the sources of now. */
export async function installed(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'sluiceway-installed-'))
  const modules = join(dir, 'node_modules')
  await mkdir(join(modules, 'sluiceway'), { recursive: true })
  await cp(join(root, 'package.json'), join(modules, 'sluiceway/package.json'))
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== 'sluiceway') await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  const outDir = join(modules, 'sluiceway/dist')
  await build({ ...(tsup as object), config: false, dts: false, silent: true, clean: false, outDir })
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) }
}
