import { randomBytes } from 'node:crypto'

/**
 * `.sluiceway-<16 hex digits>.<start of the target's name>.part`: at most 133 bytes, so that a target of 255 bytes can be
 * staged, also where names are limited to 143 bytes (eCryptfs). A process that was killed may leave such a file;
 * one that has not been written to for longer than any transfer takes can be deleted.
 */
export function stagedName(name: string): string {
  // As a stream, so that a character cut in two is left out instead of becoming a replacement character.
  const start = new TextDecoder().decode(Buffer.from(name).subarray(0, 100), { stream: true })
  return `.sluiceway-${randomBytes(8).toString('hex')}.${start}.part`
}

export const isStagedName = (name: string): boolean => /^\.sluiceway-[0-9a-f]{16}\..*\.part$/s.test(name)
