import { dirname, join } from 'node:path'
import { errno } from '../../contract/errno'
import { locate, type Place } from './path'
import { identityOf, isSame } from './stats'
import type { Volume } from './volume'

/** Makes the folders that a place lacks, each remembered as made. Not in one call, which would follow new symlinks. */
export async function makeFolders(volume: Volume, place: Place): Promise<void> {
  let path = place.existing
  for (const name of place.missing) {
    path = join(path, name)
    try {
      await volume.fs.mkdir(path)
    } catch (error) {
      // Made by another transfer at this moment; whether it is a folder shows when the file is created in it.
      if (errno(error) === 'EEXIST') continue
      throw error
    }
    volume.madeFolders.set(path, identityOf(await volume.fs.lstat(path, { bigint: true })))
  }
}

/** The folders on the way to `folder`, itself included, that this store made and nobody has committed to; deepest first. */
export function madeAbove(volume: Volume, folder: string): string[] {
  const made: string[] = []
  for (let path = folder; dirname(path) !== path; path = dirname(path)) {
    if (volume.madeFolders.has(path)) made.push(path)
  }
  return made
}

/** Removes folders this store made, deepest first, up to the first that another object or transfer is using. */
export async function removeFolders(volume: Volume, folders: readonly string[]): Promise<void> {
  for (const path of folders) {
    const made = volume.madeFolders.get(path)
    if (!made) return
    try {
      const found = await volume.fs.lstat(path, { bigint: true })
      // A folder or symlink of someone else, put in its place.
      if (!isSame(found, made)) return
      await volume.fs.rmdir(path)
    } catch (error) {
      const code = errno(error)
      if (code === 'ENOTEMPTY' || code === 'EEXIST') return
      if (code !== 'ENOENT') throw error
    }
    volume.madeFolders.delete(path)
  }
}

/** An object stands in these folders now: they are nobody's to remove. */
export function keepFolders(volume: Volume, folders: readonly string[]): void {
  for (const path of folders) volume.madeFolders.delete(path)
}

/** Takes up the folders below the root that another process made for a session, `count` of them from `folder` upwards. */
export async function inheritFolders(volume: Volume, folder: string, count: number): Promise<string[]> {
  const root = await locate(volume.fs, volume.root, '')
  const folders: string[] = []
  let path = folder
  for (let made = 0; made < count && path !== root.path && dirname(path) !== path; made++) {
    volume.madeFolders.set(path, identityOf(await volume.fs.lstat(path, { bigint: true })))
    folders.push(path)
    path = dirname(path)
  }
  return folders
}
