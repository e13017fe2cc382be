import type { PartReceipt } from '../contract/sink'
import { packCrc64, packEtag, packMd5, unpackCrc64, unpackEtag, unpackMd5 } from './packed-digest'

/** More parts than any backend takes: a damaged count must not fill the memory. */
const maxParts = 1_000_000

type Cells = ReadonlyArray<string | null>

/**
 * Receipts by column, so that 10,000 of them take some 400 KB. `indexes` and `sizes` are runs: a first value and how
 * many follow it, indexes counting up and sizes staying equal. A column in which nothing is known is left out.
 */
export interface PartColumns {
  readonly indexes: readonly number[]
  readonly sizes: readonly number[]
  readonly etags?: Cells
  readonly crc64s?: Cells
  readonly md5s?: Cells
}

/** Sorted by index; of two receipts of one index, the later counts. */
export function toColumns(receipts: readonly PartReceipt[]): PartColumns {
  const latest = new Map(receipts.map((receipt) => [receipt.index, receipt]))
  const parts = Array.from(latest.values()).sort((a, b) => a.index - b.index)
  const etags = parts.map(({ etag, md5 }) => (etag === undefined ? null : packEtag(etag, md5)))
  const crc64s = parts.map(({ crc64 }) => (crc64 === undefined ? null : packCrc64(crc64)))
  const md5s = parts.map(({ md5 }) => (md5 === undefined ? null : packMd5(md5)))
  return {
    indexes: toRuns(
      parts.map(({ index }) => index),
      1,
    ),
    sizes: toRuns(
      parts.map(({ size }) => size),
      0,
    ),
    ...(etags.some(isKnown) && { etags }),
    ...(crc64s.some(isKnown) && { crc64s }),
    ...(md5s.some(isKnown) && { md5s }),
  }
}

/** @throws where the columns do not fit together */
export function fromColumns({ etags, crc64s, md5s, ...runs }: PartColumns): PartReceipt[] {
  const indexes = fromRuns(runs.indexes, 1)
  const sizes = fromRuns(runs.sizes, 0)
  for (const column of [sizes, etags, crc64s, md5s]) {
    if (column && column.length !== indexes.length) throw new Error('the columns differ in length')
  }
  return indexes.map((index, row) => {
    if (row > 0 && index <= indexes[row - 1]!) throw new Error('the parts are not in order')
    const [etag, crc64, md5] = [etags?.[row], crc64s?.[row], md5s?.[row]]
    const digests = {
      ...(isKnown(crc64) && { crc64: unpackCrc64(crc64) }),
      ...(isKnown(md5) && { md5: unpackMd5(md5) }),
    }
    return {
      index,
      size: sizes[row]!,
      ...(isKnown(etag) && { etag: unpackEtag(etag, digests.md5) }),
      ...digests,
    }
  })
}

const isKnown = (cell: string | null | undefined): cell is string => typeof cell === 'string'

function toRuns(values: readonly number[], step: 0 | 1): number[] {
  const runs: number[] = []
  for (const value of values) {
    const [first, count] = runs.slice(-2)
    if (first !== undefined && count !== undefined && value === first + count * step) {
      runs[runs.length - 1] = count + 1
    } else {
      runs.push(value, 1)
    }
  }
  return runs
}

function fromRuns(runs: readonly number[], step: 0 | 1): number[] {
  const values: number[] = []
  for (let at = 0; at < runs.length; at += 2) {
    const [first, count] = [runs[at]!, runs[at + 1]]
    if (count === undefined || values.length + count > maxParts) throw new Error('a run has no such length')
    for (let nth = 0; nth < count; nth++) values.push(first + nth * step)
  }
  if (!values.every(Number.isSafeInteger)) throw new Error('a number is too large')
  return values
}
