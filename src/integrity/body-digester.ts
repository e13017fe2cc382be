import type { Digests } from '../contract/source'
import { createDigester, type Digester } from './digester'
import { md5Threads } from './md5-threads/md5-threads'

/** Digests of a body that passes: part of the work may be done by another thread. */
export interface BodyDigester {
  /** The chunk may be a borrowed one: it is done with when this returns, or when the promise it returns settles. */
  update(chunk: Uint8Array): Promise<void> | undefined
  /** Of all the bytes; once. @throws INTEGRITY, temporary, where a thread died */
  digest(): Promise<Digests>
  /** The digests are not wanted any more; afterwards, and twice, it does nothing. */
  drop(): void
}

/**
 * @param size bytes of the body
 * @param threads the most that may compute MD5s; 0 computes everything here
 */
export function bodyDigester(
  names: ReadonlyArray<keyof Digests>,
  size: number,
  threads: number,
): BodyDigester {
  const md5 = names.includes('md5') && threads > 0 ? md5Threads().begin(size, threads) : undefined
  if (!md5) return digestedHere(createDigester(names))
  const others = createDigester(names.filter((name) => name !== 'md5'))
  return {
    update(chunk) {
      // First to the thread, so that both are at work at the same time.
      const taken = md5.update(chunk)
      others.update(chunk)
      return taken
    },
    digest: async () => ({ ...others.digest(), md5: await md5.digest() }),
    drop: () => md5.drop(),
  }
}

const digestedHere = (digester: Digester): BodyDigester => ({
  update(chunk) {
    digester.update(chunk)
    return undefined
  },
  digest: async () => digester.digest(),
  drop() {},
})
