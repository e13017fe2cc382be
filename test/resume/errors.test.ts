import { describe, expect, it } from 'vitest'
import { TransferError } from '../../src/contract/errors'
import { storeError } from '../../src/resume/errors'

const failure = (code: string) => Object.assign(new Error(code), { code })

describe('the error of a checkpoint store', () => {
  it.each([
    ['ENOSPC', 'NO_SPACE', 'temporary'],
    ['EDQUOT', 'NO_SPACE', 'temporary'],
    ['EACCES', 'ACCESS_DENIED', 'permanent'],
    ['EROFS', 'ACCESS_DENIED', 'permanent'],
    ['ENOTDIR', 'SINK_FAILED', 'permanent'],
    ['ENOENT', 'SINK_FAILED', 'temporary'],
    ['ECONNRESET', 'SINK_FAILED', 'temporary'],
  ])('for %s is %s, %s', (errno, code, retry) => {
    const cause = failure(errno)
    const error = storeError(cause, 'save', 'job 1')
    expect(error).toMatchObject({
      code,
      retry,
      cause,
      context: { checkpoint: 'job 1', operation: 'save', errno },
    })
    expect(error.message).toMatch(`Cannot save the checkpoint "job 1" (${errno}). `)
  })

  it('is the one the store gave, if that is one already', () => {
    const given = new TransferError('THROTTLED', 'slow down')
    expect(storeError(given, 'load', 'id')).toBe(given)
  })

  it('may be made of anything that is thrown', () => {
    for (const thrown of [undefined, null, 'text', 42, {}]) {
      expect(storeError(thrown, 'load', 'id')).toMatchObject({ code: 'SINK_FAILED' })
    }
  })
})
