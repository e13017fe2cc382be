// @ts-check
import { createCipheriv } from 'node:crypto'

/**
 * The bytes of every object of the benchmark: one pseudo-random MiB again and again. So the digests of a stretch depend
 * on where in the MiB it begins and on how long it is, and a server computes each of them once, whatever it serves.
 */
export const period = 1024 * 1024

/** The same in every process: AES in counter mode, of zeros, with a key of zeros. */
export const pattern = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(
  Buffer.alloc(period),
)

/**
 * The bytes from `start` to `end`, exclusive, in slices of the one MiB there is.
 * @param {number} start
 * @param {number} end
 */
export function* stretch(start, end) {
  for (let at = start; at < end; ) {
    const from = at % period
    const slice = pattern.subarray(from, Math.min(period, from + end - at))
    yield slice
    at += slice.length
  }
}
