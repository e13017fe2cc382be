import { randomBytes } from 'node:crypto'

const pattern = /^\.sluiceway-([0-9a-f]{16})(?:-[0-9a-f]{8})?\.(.*)\.(part|journal)$/s

export interface StagedName {
  /** The same for every file of one session. */
  readonly session: string
  /** The first 100 bytes of the target's name, at most. */
  readonly start: string
  /** `'part'`: the bytes. `'journal'`: which parts of them are whole. */
  readonly kind: 'part' | 'journal'
}

/**
 * `.sluiceway-<16 hex digits>.<start of the target's name>.part`: at most 142 bytes, so that a target of 255 bytes can be
 * staged, also where names are limited to 143 bytes (eCryptfs). A process that was killed may leave such a file; it
 * can be resumed, and it is removed by `sweep`.
 */
export function stagedName(name: string): string {
  // As a stream, so that a character cut in two is left out instead of becoming a replacement character.
  const start = new TextDecoder().decode(Buffer.from(name).subarray(0, 100), { stream: true })
  return `.sluiceway-${randomBytes(8).toString('hex')}.${start}.part`
}

/** What the staged file of a session is called once it has a new holder: no earlier holder finds it under its own name. */
export function heldName({ session, start }: StagedName): string {
  return `.sluiceway-${session}-${randomBytes(4).toString('hex')}.${start}.part`
}

/** The same whoever holds the session. */
export const journalName = ({ session, start }: StagedName): string =>
  `.sluiceway-${session}.${start}.journal`

export function parseStagedName(name: string): StagedName | undefined {
  const [, session, start, kind] = pattern.exec(name) ?? []
  if (session === undefined || start === undefined) return undefined
  return { session, start, kind: kind as StagedName['kind'] }
}

export const isStagedName = (name: string): boolean => parseStagedName(name) !== undefined
