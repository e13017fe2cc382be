import { TransferError } from '../../contract/errors'
import type { Committed, PartReceipt } from '../../contract/sink'
import type { Digests, ObjectInfo } from '../../contract/source'
import { type BodyDigester, bodyDigester } from '../../integrity/body-digester'
import { combineAll } from '../../integrity/crc64'
import type { SegmentedMd5 } from '../../integrity/segmented-md5'
import { processDigestThreads } from '../configure'
import { type AgreedPart, agree, type DigestName } from '../parts/receipts'
import type { Run } from '../run'
import { SourceCheck } from './source-check'
import type { SourceParts } from './source-parts'

/** A check that was asked for and could not be made. */
export interface Unverified {
  readonly check: string
  readonly reason: string
}

/** How checks of each digest are called, of a part and of the whole. */
const checks = {
  crc64: { part: 'part-crc64', object: 'object-crc64' },
  md5: { part: 'part-etag', object: 'object-etag' },
} as const

/** Knows which digests are needed, and keeps the list of checks that were made. */
export class Verifier {
  readonly #run: Run
  readonly #names: readonly DigestName[]
  /** Where the source's own digest is asked for. */
  readonly #source: SourceCheck | undefined
  /** What each attempt was passed through for it, by the digests computed in the same attempt. */
  readonly #passed = new WeakMap<Digests, readonly SegmentedMd5[]>()
  readonly #done = new Set<string>(['size'])
  readonly #not: Unverified[] = []
  /** How many parts had each digest attested. */
  readonly #attested: Record<DigestName, number> = { crc64: 0, md5: 0 }
  /** What was computed of each part. */
  readonly #parts: (Digests & { readonly size: number })[] = []

  constructor(run: Run, info: ObjectInfo, parts?: SourceParts) {
    this.#run = run
    this.#source = run.options.verify === 'end-to-end' ? new SourceCheck(run, info, parts) : undefined
    this.#names = neededDigests(run, this.#source)
  }

  /** A copy made by the backend never passes here: nothing could be held against the source's own digest. */
  get mayCopy(): boolean {
    return this.#run.options.verify !== 'end-to-end'
  }

  /** Whether parts have to come one after another: some digests of the whole cannot be had otherwise. */
  get inOrder(): boolean {
    return this.#source?.inOrder ?? false
  }

  /** Bytes a part should have for the source to be checked by parts that come in any order, where that depends on it. */
  get partSize(): number | undefined {
    return this.#source?.partSize
  }

  /** For one attempt at a part of `size` bytes. */
  readonly createDigester = (size: number): BodyDigester => {
    const digester = bodyDigester(this.#names, size, processDigestThreads())
    const passed = this.#source?.start()
    if (!passed) return digester
    return {
      update: (chunk) => {
        const taken = digester.update(chunk)
        for (const md5 of passed) md5.update(chunk)
        return taken
      },
      digest: async () => {
        const computed = await digester.digest()
        this.#passed.set(computed, passed)
        return computed
      },
      drop: () => digester.drop(),
    }
  }

  accept({ receipt, computed, attested }: AgreedPart): void {
    this.#source?.accept(receipt.index, computed, this.#passed.get(computed))
    this.#parts[receipt.index] = { ...computed, size: receipt.size }
    for (const name of attested) this.#attested[name] += 1
  }

  /** Whether the receipt of an earlier process holds every digest that is needed; that of a backend's copy holds none. */
  knows(receipt: PartReceipt): boolean {
    if (receipt.crc64 === undefined) return this.mayCopy
    return this.#names.every((name) => receipt[name] !== undefined)
  }

  /**
   * Whether a part that an earlier process sent must be read again: the source's own digest cannot be had without its
   * bytes. They go through a {@link createDigester}, in the order of the parts, and its digests to {@link keep}.
   */
  needsBytes(receipt: PartReceipt): boolean {
    return this.#source?.needsBytes(receipt) ?? false
  }

  /**
   * Accepts a part that an earlier process sent.
   *
   * @param receipt that of the checkpoint
   * @param listed what the sink says now that it holds
   * @param computed of the bytes, where they were read again
   * @throws INTEGRITY, temporary, where two of them disagree: the part is to be sent again
   */
  keep(receipt: PartReceipt, listed: PartReceipt | undefined, computed?: Digests): void {
    const { index, size } = receipt
    const part = { index, start: 0, size }
    if (computed) agree(part, computed, receipt)
    const known = computed ?? digestsOf(receipt)
    const { attested } = agree(part, known, listed)
    this.accept({ receipt, computed: known, attested })
  }

  /** Digests of the whole object, as far as they follow from its parts. */
  whole(): Digests {
    const md5 = this.#source?.md5
    return { ...wholeDigests(this.#parts), ...(md5 !== undefined && { md5 }) }
  }

  /**
   * Before the commit: the source's own digest, where it was asked for.
   *
   * @param bytes the whole object, where it did not come in parts
   * @throws INTEGRITY
   */
  checkSource(whole: Digests, bytes?: Uint8Array): void {
    const verdict = this.#source?.judge(whole, bytes)
    if (!verdict) return
    if ('done' in verdict) this.#done.add(verdict.done)
    else this.#not.push(verdict)
  }

  /** After the commit: what the sink says of the stored object. @throws INTEGRITY */
  checkCommitted(size: number, whole: Digests, committed: Committed): void {
    for (const check of committed.verified ?? []) this.#done.add(check)
    if (committed.size !== undefined && committed.size !== size) {
      throw damaged(this.#run, 'size', size, committed.size)
    }
    for (const name of ['crc64', 'md5'] as const) {
      if (whole[name] === undefined || committed[name] === undefined) continue
      if (whole[name] !== committed[name]) throw damaged(this.#run, name, whole[name], committed[name])
      this.#done.add(checks[name].object)
    }
    if (size > 0) this.#nameMissing('object', () => 'the sink did not state it of the stored object')
  }

  /** What to tell the caller. */
  report(): { verified: string[]; unverified: Unverified[] } {
    const parts = this.#parts.length
    for (const name of ['crc64', 'md5'] as const) {
      if (parts > 0 && this.#attested[name] === parts) this.#done.add(checks[name].part)
    }
    if (parts > 0) {
      this.#nameMissing('part', (name) => {
        const missing = parts - this.#attested[name]
        return `${missing} of ${parts} parts were copied by the backend itself, or it did not state it of them`
      })
    }
    const { createOnly = 'checked' } = this.#run.sink.capabilities ?? {}
    if (this.#run.options.ifExists !== 'overwrite' && createOnly === 'checked') {
      this.#not.push({
        check: 'create-only',
        reason: 'the sink looked just before the commit, but cannot refuse an object that appears after that',
      })
    }
    return { verified: [...this.#done], unverified: this.#not }
  }

  /** Names checks by digests that the sink says it attests, and which were asked for and not made. */
  #nameMissing(of: 'part' | 'object', reason: (name: DigestName) => string): void {
    if (this.#run.options.verify === 'size') return
    for (const name of this.#run.sink.capabilities?.attests ?? []) {
      const check = checks[name][of]
      if (!this.#done.has(check)) this.#not.push({ check, reason: reason(name) })
    }
  }
}

/** A checkpoint needs the CRC-64 of each part, to know it again, whatever else is asked for. */
function neededDigests({ options, sink }: Run, source: SourceCheck | undefined): DigestName[] {
  const attests = options.verify === 'size' ? [] : (sink.capabilities?.attests ?? [])
  const crc64 = options.verify !== 'size' || options.checkpoint
  return [
    ...new Set<DigestName>([...(crc64 ? (['crc64'] as const) : []), ...attests]),
    ...(source?.byPartMd5 && !attests.includes('md5') ? (['md5'] as const) : []),
  ]
}

const digestsOf = ({ crc64, md5 }: Digests): Digests => ({
  ...(crc64 !== undefined && { crc64 }),
  ...(md5 !== undefined && { md5 }),
})

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
