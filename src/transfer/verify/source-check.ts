import { TransferError } from '../../contract/errors'
import type { Digests, ObjectInfo } from '../../contract/source'
import { compositeEtag } from '../../integrity/etag'
import { SegmentedMd5 } from '../../integrity/segmented-md5'
import { limitsOf } from '../options'
import { nestingPartSize, smallestDefault } from '../plan'
import type { Run } from '../run'
import { OrderedMd5 } from './ordered-md5'
import type { SourceParts } from './source-parts'

export type Verdict = { readonly done: string } | { readonly check: string; readonly reason: string }

/**
 * Holds the bytes that passed against the digest the source itself states: its CRC-64, or else the MD5 of the whole,
 * or else that of its parts' MD5s. An MD5 cannot be combined from pieces. So where our parts hold the source's parts
 * whole, each computes their MD5s by itself; otherwise the parts must come one after another.
 */
export class SourceCheck {
  /** The part size at which each part can be checked by itself; undefined where any will do. */
  readonly partSize: number | undefined
  readonly #run: Run
  readonly #own: Digests
  readonly #parts: SourceParts | undefined
  readonly #ordered: OrderedMd5 | undefined
  /** Bytes of the source's parts, where ours hold them whole. */
  readonly #nested: number | undefined
  /** The MD5s of the source's parts, by the index of our part that holds them. */
  readonly #pieces: (readonly string[] | undefined)[] = []

  constructor(run: Run, info: ObjectInfo, parts: SourceParts | undefined) {
    this.#run = run
    this.#own = info.digests ?? {}
    this.#parts = parts
    const limits = limitsOf(run.sink.capabilities)
    const only = parts && parts.sizes.length === 1 ? parts.sizes[0] : undefined
    // A small object goes in one piece, whatever its parts were.
    const divides = only !== undefined && info.size !== undefined && info.size > smallestDefault
    const chosen = divides ? nestingPartSize(info.size, only, limits) : undefined
    const used = run.options.partSize ?? chosen
    this.partSize = chosen
    if (only !== undefined && used !== undefined && used % only === 0) this.#nested = only
    const sizes = this.#own.crc64 ? [] : this.#own.md5 ? [Number.POSITIVE_INFINITY] : (parts?.sizes ?? [])
    if (sizes.length > 0 && this.#nested === undefined) this.#ordered = new OrderedMd5(sizes)
  }

  get inOrder(): boolean {
    return this.#ordered !== undefined
  }

  /** Each of our parts is one of the source's: its own MD5 is what is needed of it. */
  get byPartMd5(): boolean {
    return this.#nested !== undefined && this.#nested === (this.#run.options.partSize ?? this.partSize)
  }

  /** What a new attempt at a part has to be passed through, beside the digests of the part itself. */
  start(): SegmentedMd5[] | undefined {
    if (this.#ordered) return this.#ordered.start()
    return this.#nested === undefined || this.byPartMd5 ? undefined : [new SegmentedMd5(this.#nested)]
  }

  /** The attempt that counts, by what {@link start} gave for it. */
  accept(index: number, computed: Digests, passed: readonly SegmentedMd5[] | undefined): void {
    this.#ordered?.accept(index, passed)
    if (this.#nested === undefined) return
    const own = this.byPartMd5 && computed.md5 !== undefined ? [computed.md5] : undefined
    this.#pieces[index] = passed?.[0]?.digests() ?? own
  }

  /** Whether the bytes of a part that an earlier process sent have to be read again for this check. */
  needsBytes(receipt: Digests): boolean {
    if (this.#ordered) return true
    if (this.#nested !== undefined) return !this.byPartMd5 || receipt.md5 === undefined
    return this.#own.crc64 !== undefined && receipt.crc64 === undefined
  }

  /** The MD5 of the whole, where the parts came in order for it. */
  get md5(): string | undefined {
    return this.#own.md5 === undefined || this.#own.crc64 ? undefined : this.#ordered?.digests()?.[0]?.[0]
  }

  /**
   * @param bytes the whole object, where it did not come in parts
   * @throws INTEGRITY where the source states another digest for certain
   */
  judge(whole: Digests, bytes?: Uint8Array): Verdict {
    if (this.#parts) return this.#judgeComposite(this.#parts, bytes)
    const name = this.#own.crc64 !== undefined && whole.crc64 !== undefined ? 'crc64' : 'md5'
    const check = name === 'crc64' ? 'source-crc64' : 'source-etag'
    const [stated, computed] = [this.#own[name], whole[name]]
    if (stated === undefined || computed === undefined) {
      return { check, reason: 'the source states no digest of its own that can be computed here' }
    }
    if (stated !== computed) throw this.#damaged(name, computed, stated)
    return { done: check }
  }

  #judgeComposite({ composite, sizes, certain }: SourceParts, bytes: Uint8Array | undefined): Verdict {
    const check = 'source-etag'
    const { md5, parts } = composite
    const about = `the source states the MD5 of ${parts} parts, and`
    if (sizes.length === 0) return { check, reason: `${about} where they begin could not be found` }
    const cuts = bytes ? sizes.map((size) => segmentsOf(bytes, size)) : this.#cuts()
    if (!cuts) return { check, reason: `${about} not all of their bytes passed here` }
    const stated = `${md5}-${parts}`
    const computed = cuts.map((md5s) => compositeEtag(md5s))
    if (computed.includes(stated)) return { done: check }
    if (certain) throw this.#damaged('composite md5', computed[0], stated)
    return {
      check,
      reason: `${about} it is not that of parts of ${sizes.join(' or ')} bytes, which is a guess`,
    }
  }

  /** For each way of cutting, the MD5s of the source's parts; undefined where some are missing. */
  #cuts(): string[][] | undefined {
    if (this.#ordered) return this.#ordered.digests()
    const pieces = Array.from(this.#pieces)
    return pieces.every((md5s) => md5s !== undefined) ? [pieces.flat()] : undefined
  }

  #damaged(digest: string, computed: unknown, stated: unknown): TransferError {
    const { location } = this.#run.source
    return new TransferError(
      'INTEGRITY',
      `${location} gave bytes whose ${digest} is ${computed}, but it states ${stated}.`,
      { context: { location, digest, computed, stated } },
    )
  }
}

function segmentsOf(bytes: Uint8Array, size: number): string[] {
  const md5 = new SegmentedMd5(size)
  md5.update(bytes)
  return md5.digests()
}
