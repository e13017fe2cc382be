import { basename, posix } from 'node:path'
import { TransferError } from '../../contract/errors'
import type { Json } from '../../contract/sink'
import { normalizeKey } from './key'
import type { StagedFile } from './staged-file'
import { parseStagedName, type StagedName } from './staged-name'

/** What another process needs to go on writing a staged file. */
export interface SessionState {
  readonly [name: string]: Json
  readonly key: string
  /** The staged file as it was first called, below the root. */
  readonly staged: string
  /** Decimal. The device is left out: its number may change when the machine starts anew. */
  readonly inode: string
  /** How many of the folders above the file were made for it, and go with it when it is aborted. */
  readonly madeFolders: number
}

export function stateOf(key: string, staged: StagedFile, madeFolders: number): SessionState {
  const path = posix.join(posix.dirname(key), basename(staged.path))
  return { key, staged: path, inode: String(staged.identity.ino), madeFolders }
}

export interface SavedSession {
  readonly state: SessionState
  readonly name: StagedName
}

/** @throws SESSION_LOST for a state that is not of this key: there is nothing to take up. */
export function parseState(state: Json, key: string, location: string): SavedSession {
  const { staged, inode, madeFolders, ...rest } = (
    typeof state === 'object' && state !== null ? state : {}
  ) as Partial<SessionState>
  const name = typeof staged === 'string' ? parseStagedName(posix.basename(staged)) : undefined
  const isState =
    rest.key === key &&
    name?.kind === 'part' &&
    typeof staged === 'string' &&
    posix.dirname(staged) === posix.dirname(key) &&
    typeof inode === 'string' &&
    /^\d+$/.test(inode) &&
    Number.isSafeInteger(madeFolders)
  if (isState) return { state: state as SessionState, name }
  throw new TransferError('SESSION_LOST', `The saved session is not one of ${location}. Begin a new one.`, {
    context: { location },
  })
}

/** Of any key below the root. @throws SESSION_LOST for what is no state of a staged file */
export function parseAnyState(state: Json, location: string): SavedSession {
  const { key } = (typeof state === 'object' && state !== null ? state : {}) as Partial<SessionState>
  return parseState(state, isKey(key) ? key : '', location)
}

/** A state comes from outside: it must not lead out of the root. */
function isKey(key: unknown): key is string {
  try {
    return normalizeKey(key as string) === key
  } catch {
    return false
  }
}
