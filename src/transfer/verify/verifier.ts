import { TransferError } from '../contract/errors'
import type { Committed } from '../contract/sink'
import type { Digests, ObjectInfo } from '../contract/source'
import { combineAll } from '../integrity/crc64'
import { createDigester, type Digester } from '../integrity/digester'
import { OrderedMd5 } from './ordered-md5'
import type { AgreedPart } from './receipts'
import type { Run } from './run'

/** A check that was asked for and could not be made. */
export interface Unverified {
  readonly check: string
  readonly reason: string
}

type DigestName = keyof Digests

/** Knows which digests are needed, and keeps the list of checks that were made. */
export class Verifier {
  readonly #run: Run
  readonly #info: ObjectInfo
  readonly #names: readonly DigestName[]
  /** Where the source is known by its MD5 alone. */
  readonly #ordered: OrderedMd5 | undefined
  readonly #done = new Set<string>(['size'])
  readonly #not: Unverified[] = []
  /** How many parts had each digest attested. */
  readonly #attested: Record<DigestName, number> = { crc64: 0, md5: 0 }
  /** What was computed of each part. */
  readonly #parts: (Digests & { readonly size: number })[] = []

  constructor(run: Run, info: ObjectInfo) {
    this.#run = run
    this.#info = info
    this.#names = neededDigests(run)
    const byMd5 = run.options.verify === 'end-to-end' && !info.digests?.crc64 && info.digests?.md5
    this.#ordered = byMd5 ? new OrderedMd5() : undefined
  }

  /** A copy made by the backend never passes here: nothing could be held against the source's own digest. */
  get mayCopy(): boolean {
    return this.#run.options.verify !== 'end-to-end'
  }

  /** Parts in flight: an MD5 of the whole can only be had from parts that come in order. */
  get concurrency(): number {
    return this.#ordered ? 1 : this.#run.options.concurrency
  }

  createDigester(): Digester {
    const digester = createDigester(this.#names)
    const ordered = this.#ordered
    if (!ordered) return digester
    ordered.start()
    return {
      update: (chunk) => {
        digester.update(chunk)
        ordered.update(chunk)
      },
      digest: () => digester.digest(),
    }
  }

  accept({ receipt, computed, attested }: AgreedPart): void {
    this.#ordered?.accept()
    this.#parts[receipt.index] = { ...computed, size: receipt.size }
    for (const name of attested) this.#attested[name] += 1
  }

  /** Digests of the whole object, as far as they follow from its parts. */
  whole(): Digests {
    const md5 = this.#ordered?.digest()
    return { ...wholeDigests(this.#parts), ...(md5 !== undefined && { md5 }) }
  }

  /** Before the commit: the source's own digest, where it was asked for. @throws INTEGRITY */
  checkSource(whole: Digests): void {
    if (this.#run.options.verify === 'end-to-end') this.#compareSource(whole)
  }

  /** After the commit: what the sink says of the stored object. @throws INTEGRITY */
  checkCommitted(size: number, whole: Digests, committed: Committed): void {
    for (const check of committed.verified ?? []) this.#done.add(check)
    if (committed.size !== undefined && committed.size !== size) {
      throw damaged(this.#run, 'size', size, committed.size)
    }
    for (const [name, check] of [
      ['crc64', 'object-crc64'],
      ['md5', 'object-etag'],
    ] as const) {
      if (whole[name] === undefined || committed[name] === undefined) continue
      if (whole[name] !== committed[name]) throw damaged(this.#run, name, whole[name], committed[name])
      this.#done.add(check)
    }
  }

  /** What to tell the caller. */
  report(): { verified: string[]; unverified: Unverified[] } {
    const { crc64, md5 } = this.#attested
    const parts = this.#parts.length
    if (parts > 0 && crc64 === parts) this.#done.add('part-crc64')
    if (parts > 0 && md5 === parts) this.#done.add('part-etag')
    const { createOnly = 'checked' } = this.#run.sink.capabilities ?? {}
    if (this.#run.options.ifExists !== 'overwrite' && createOnly === 'checked') {
      this.#not.push({
        check: 'create-only',
        reason: 'the sink looked just before the commit, but cannot refuse an object that appears after that',
      })
    }
    return { verified: [...this.#done], unverified: this.#not }
  }

  #compareSource(whole: Digests): void {
    const own = this.#info.digests ?? {}
    const name = own.crc64 !== undefined && whole.crc64 !== undefined ? 'crc64' : 'md5'
    const check = name === 'crc64' ? 'source-crc64' : 'source-etag'
    if (own[name] === undefined || whole[name] === undefined) {
      this.#not.push({ check, reason: 'the source states no digest of its own that can be computed here' })
      return
    }
    if (own[name] !== whole[name]) {
      throw new TransferError(
        'INTEGRITY',
        `${this.#run.source.location} gave bytes whose ${name} is ${whole[name]}, but it states ${own[name]}.`,
        { context: { location: this.#run.source.location, digest: name } },
      )
    }
    this.#done.add(check)
  }
}

function neededDigests(run: Run): DigestName[] {
  if (run.options.verify === 'size') return []
  return [...new Set<DigestName>(['crc64', ...(run.sink.capabilities?.attests ?? [])])]
}

/** Exact for the CRC64, from parts that came in any order; the MD5 of several parts cannot be combined. */
function wholeDigests(parts: readonly (Digests & { readonly size: number })[]): Digests {
  const crcs = parts.flatMap(({ crc64, size }) => (crc64 === undefined ? [] : [{ crc64, size }]))
  const only = parts.length === 1 ? parts[0] : undefined
  return {
    ...(crcs.length === parts.length && parts.length > 0 && { crc64: combineAll(crcs) }),
    ...(only?.md5 !== undefined && { md5: only.md5 }),
  }
}

function damaged(run: Run, what: string, sent: unknown, stored: unknown): TransferError {
  return new TransferError(
    'INTEGRITY',
    `The object stored at ${run.sink.location} is not the one sent: its ${what} is ${stored} instead of ${sent}.`,
    { context: { location: run.sink.location, digest: what, sent, stored } },
  )
}
