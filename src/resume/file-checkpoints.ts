import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { errno } from '../contract/errno'
import { TransferError } from '../contract/errors'
import type { CheckpointStore } from './checkpoint-store'
import { type StoreOperation, storeError } from './errors'
import { replaceFile, syncFolder } from './replace-file'
import { requireId, safeName } from './safe-name'
import { nameInStaged, stagedName } from './staged-name'

/** Milliseconds after which a staged file has certainly been left behind by a process that was killed. */
const abandonedAfter = 3_600_000

/**
 * Checkpoints as files, one for each id, in a folder that is made when the first is saved. A save is atomic and
 * synced to the disk: whenever a process is killed, the file holds the old or the new checkpoint.
 *
 * Several processes, on several machines if they share the folder, may use it at once. There are no locks: of two
 * that run the same id, the last save wins. Staged files of killed processes are removed with the checkpoint they
 * were for, and otherwise by any first save an hour later.
 *
 * @param dir resolved against the working directory at the time of the call
 * @throws INVALID_OPTION for a `dir` that is no path. Its methods reject with ACCESS_DENIED, NO_SPACE or SINK_FAILED.
 */
export function fileCheckpoints(dir: string): CheckpointStore {
  const folder = resolve(requirePath(dir))
  let cleaned = false
  return {
    load: (id) =>
      ask('load', id, async (name) =>
        parse(await missingAs(undefined, readFile(pathOf(folder, name), 'utf8'))),
      ),
    save: (id, checkpoint) =>
      ask('save', id, async (name) => {
        await mkdir(folder, { recursive: true })
        const text = JSON.stringify(checkpoint)
        await replaceFile(folder, join(folder, stagedName(name)), pathOf(folder, name), text)
        if (cleaned) return
        cleaned = true
        await removeAbandoned(folder)
      }),
    delete: (id) =>
      ask('delete', id, async (name) => {
        const files = await missingAs([], readdir(folder))
        // Staged ones first: a save that another process has under way then fails, and brings nothing back.
        const staged = files.filter((file) => nameInStaged(file) === name).map((file) => join(folder, file))
        for (const path of [...staged, pathOf(folder, name)]) await missingAs(undefined, unlink(path))
        await missingAs(undefined, syncFolder(folder))
      }),
  }
}

const pathOf = (folder: string, name: string): string => join(folder, `sluiceway-${name}.json`)

/** Text that is no JSON was not written by a save; it counts as nothing and is replaced by the next one. */
function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function missingAs<T>(instead: T, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (errno(error) === 'ENOENT') return instead
    throw error
  }
}

/** Only tidies up: a failure is none of the save's. */
async function removeAbandoned(folder: string): Promise<void> {
  const before = Date.now() - abandonedAfter
  const files = await readdir(folder).catch(() => [])
  for (const path of files.filter(nameInStaged).map((file) => join(folder, file))) {
    const found = await stat(path).catch(() => undefined)
    if (found && found.mtimeMs < before) await unlink(path).catch(() => {})
  }
}

async function ask<T>(operation: StoreOperation, id: string, run: (name: string) => Promise<T>): Promise<T> {
  const name = safeName(requireId(id))
  try {
    return await run(name)
  } catch (error) {
    throw storeError(error, operation, id)
  }
}

function requirePath(dir: unknown): string {
  if (typeof dir === 'string' && dir !== '' && !dir.includes('\0')) return dir
  throw new TransferError('INVALID_OPTION', 'fileCheckpoints needs the path of a folder.', {
    context: { option: 'dir' },
  })
}
