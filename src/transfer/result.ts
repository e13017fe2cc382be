import type { Digests, ObjectAttributes } from '../contract/source'
import type { Concluded } from './ending/ending'
import type { Run } from './run'
import type { Unverified, Verifier } from './verify/verifier'

export interface TransferResult {
  /** Bytes the object has. */
  readonly bytes: number
  /** 0 for an empty object. */
  readonly parts: number
  /** Bytes of every part but the last; of the first, where the size was unknown. */
  readonly partSize: number
  readonly etag?: string
  /** The version the sink gave the new object, where it keeps versions. */
  readonly version?: string
  /** Computed here, of the bytes that passed. */
  readonly digests: Digests
  /**
   * The checks that were made: `'size'`; `'part-crc64'`, `'part-etag'`: each part against what the sink states of it;
   * `'object-crc64'`, `'object-etag'`: the whole against what the sink states of the stored object; `'source-crc64'`,
   * `'source-etag'`: against what the source states, an ETag made of its parts' MD5s included; `'fsync'`: the bytes are on
   * the disk.
   */
  readonly verified: readonly string[]
  /**
   * The checks that were asked for and could not be made, and why: those of digests that the sink attests
   * (`verify: 'attested'`), that of the source (`'end-to-end'`), and `'create-only'` (see `ifExists`). An ETag of the source
   * which parts of a guessed size do not make is among them, and one of parts of a known size is an INTEGRITY error.
   */
  readonly unverified: readonly Unverified[]
  /** Attributes of the source that the sink cannot store. */
  readonly notCarried: ReadonlyArray<keyof ObjectAttributes>
  /** `true` where the object was there already and `ifExists` is `'skip'`. */
  readonly skipped?: true
  /** Bytes that an earlier run had moved, and that were not sent again. */
  readonly resumedBytes: number
  /** How often a request was tried again. */
  readonly retries: number
  /** Milliseconds. */
  readonly elapsedMs: number
}

export function report(
  run: Run,
  { committed, size, digests, parts }: Concluded,
  partSize: number,
  verifier: Verifier,
  notCarried: TransferResult['notCarried'],
): TransferResult {
  const { etag, version } = committed
  const stored = { ...(etag !== undefined && { etag }), ...(version !== undefined && { version }) }
  run.progress.finish()
  run.emit({ type: 'commit', bytes: size, ...stored })
  return {
    bytes: size,
    parts,
    partSize,
    ...stored,
    digests,
    ...verifier.report(),
    notCarried,
    ...closing(run),
  }
}

/** The object was there already and stays as it is. */
export function skipped(run: Run): TransferResult {
  const nothing = {
    bytes: 0,
    parts: 0,
    partSize: 0,
    digests: {},
    verified: [],
    unverified: [],
    notCarried: [],
  }
  return { ...nothing, skipped: true, ...closing(run) }
}

const closing = (run: Run) => ({
  resumedBytes: run.resumedBytes,
  retries: run.retries,
  elapsedMs: Math.round(performance.now() - run.started),
})
