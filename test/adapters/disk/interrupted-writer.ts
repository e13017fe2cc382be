import { disk } from '../../../src/adapters/disk'
import type { Bytes } from '../../../src/contract/source'
import { pattern } from './pattern'

/**
 * A process of its own, to be killed: writes all parts but the last, tells its state, and stays in the middle of the
 * last one, of which half is written.
 */
const [root, key, size, partSize] = process.argv.slice(2) as [string, string, string, string]
const content = pattern(Number(size))

const session = await disk({ root })
  .sink(key)
  .begin({ size: content.length, attributes: {}, createOnly: false })
const last = Math.ceil(content.length / Number(partSize)) - 1
for (let index = 0; index <= last; index++) {
  const start = index * Number(partSize)
  const bytes = content.subarray(start, start + Number(partSize))
  const open = async (): Promise<Bytes> =>
    (async function* (): Bytes & AsyncGenerator<Uint8Array> {
      if (index < last) {
        yield bytes
        return
      }
      yield bytes.subarray(0, bytes.length / 2)
      process.stdout.write(`${JSON.stringify(session.state)}\n`)
      await new Promise((resolve) => setTimeout(resolve, 600_000))
    })()
  await session.writePart({ index, start, size: bytes.length }, { size: bytes.length, open })
}
