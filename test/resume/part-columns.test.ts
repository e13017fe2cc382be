import { describe, expect, it } from 'vitest'
import { fromColumns } from '../../src/resume/part-columns'

/** As somebody could write them who also computes the check. */
describe('columns that do not fit together', () => {
  it.each([
    ['a run that fills the memory', { indexes: [0, 1e15], sizes: [1, 1e15] }],
    ['a run without a length', { indexes: [0], sizes: [1, 1] }],
    ['more indexes than sizes', { indexes: [0, 2], sizes: [1, 1] }],
    ['fewer ETags than parts', { indexes: [0, 2], sizes: [1, 2], etags: ['='] }],
    ['the same index twice', { indexes: [0, 2, 1, 1], sizes: [1, 3] }],
    ['indexes out of order', { indexes: [5, 1, 0, 1], sizes: [1, 2] }],
    ['an index beyond exact numbers', { indexes: [Number.MAX_SAFE_INTEGER, 2], sizes: [1, 2] }],
    ['an MD5 of another length', { indexes: [0, 1], sizes: [1, 1], md5s: ['AAAA'] }],
    ['a CRC-64 of another length', { indexes: [0, 1], sizes: [1, 1], crc64s: ['AAAA'] }],
    ['an ETag that is an MD5 which is missing', { indexes: [0, 1], sizes: [1, 1], etags: ['"'] }],
  ])('are refused: %s', (_, columns) => {
    expect(() => fromColumns(columns)).toThrow()
  })
})
