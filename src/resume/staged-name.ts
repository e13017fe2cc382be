import { randomBytes } from 'node:crypto'

/** `.sluiceway-<name>.<16 hex digits>.tmp`: a checkpoint on its way to disk. The name has no dots in it. */
export const stagedName = (name: string): string => `.sluiceway-${name}.${randomBytes(8).toString('hex')}.tmp`

const pattern = /^\.sluiceway-([^.]+)\.[0-9a-f]{16}\.tmp$/

/** The name within a staged name, or `undefined` for a file of another kind. */
export const nameInStaged = (file: string): string | undefined => pattern.exec(file)?.[1]
