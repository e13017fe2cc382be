import { describe, expect, it } from 'vitest'
import { Opening } from '../../../src/transfer/parts/opening'
import { borrowed, pattern, silence } from '../fakes'

const idle = 20

describe('an opening of a source', () => {
  it('is silent only while a chunk is awaited, however long nobody asks', async () => {
    const heard: unknown[] = []
    const open = async (signal: AbortSignal) =>
      (async function* () {
        yield* borrowed(pattern(1000))
        await silence({ signal })
      })()
    let wake = () => {}
    const next = () =>
      new Promise<void>((resolve) => {
        wake = resolve
      })
    const hear = (what: unknown) => {
      heard.push(what)
      wake()
    }
    const opening = new Opening(
      open,
      { idle, waitingFor: 'the source' },
      { received: (chunk) => hear(chunk?.byteLength), failed: (error) => hear(error) },
    )
    await next()
    await new Promise((resolve) => setTimeout(resolve, 5 * idle))
    expect(heard).toEqual([1000])
    opening.ask()
    await next()
    expect(heard).toEqual([1000, expect.objectContaining({ code: 'TIMEOUT', retry: 'temporary' })])
    opening.end(new Error('over'))
  })
})
