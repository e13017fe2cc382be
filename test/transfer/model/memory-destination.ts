import { type MemoryStore, memory } from '../../../src/adapters/memory'
import type { NewObject, Part, Sink } from '../../../src/contract/sink'
import type { Digests } from '../../../src/contract/source'
import { createDigester } from '../../../src/integrity/digester'
import type { Destination, Standing } from './destination'
import { inRealTime } from './virtual-time'

const object: NewObject = { attributes: {}, createOnly: false }

/** The memory store: what is in it counts as what a service holds, and outlives the processes. */
export class MemoryDestination implements Destination {
  readonly #store: MemoryStore

  readonly #maxPutSize: number

  constructor(maxPutSize: number) {
    this.#maxPutSize = maxPutSize
    this.#store = memory({ maxPutSize: 1000 })
  }

  sink(): Sink {
    const sink = this.#store.sink('object')
    return { ...sink, capabilities: { ...sink.capabilities, maxPutSize: this.#maxPutSize } }
  }

  look(): Promise<Standing | undefined> {
    return inRealTime(() => this.#look())
  }

  put(bytes: Buffer): Promise<Standing | undefined> {
    return inRealTime(async () => {
      const digester = createDigester(['crc64', 'md5'])
      digester.update(bytes)
      // Both begin before anyone else has a turn, and so see and make the same change.
      const [before] = await Promise.all([
        this.#look(),
        this.sink().put!(object, bytes, digester.digest() as Required<Digests>),
      ])
      return before
    })
  }

  /** The object is opened at once: what is read is what stands there now, whatever replaces it meanwhile. */
  async #look(): Promise<Standing | undefined> {
    const [found, opened] = await Promise.allSettled([
      this.sink().stat!(),
      this.#store.source('object').open(),
    ])
    if (found.status === 'rejected' || opened.status === 'rejected' || !found.value) return undefined
    const chunks: Buffer[] = []
    for await (const chunk of opened.value) chunks.push(Buffer.from(chunk))
    return { id: found.value.version, bytes: Buffer.concat(chunks) }
  }

  async sessions(): Promise<string[]> {
    return (await this.#unfinished()).map(({ uploadId }) => uploadId)
  }

  sessionOf = (state: unknown) => (state as { uploadId: string }).uploadId

  async holds(uploadId: string, { index, size }: Part, bytes: Buffer): Promise<boolean> {
    const [session] = (await this.#sessions()).filter(({ state }) => this.sessionOf(state) === uploadId)
    const found = (await session?.listParts?.())?.find((part) => part.index === index)
    const digester = createDigester(['md5'])
    digester.update(bytes)
    return found?.size === size && found.md5 === digester.digest().md5
  }

  async loseSessions(): Promise<void> {
    for (const found of await this.#unfinished()) await found.abort({})
  }

  /** It has no way to lose a part, so that one is only ever replaced. */
  async harmPart(index: number, how: 'vanish' | 'tear' | 'damage'): Promise<void> {
    for (const session of await this.#sessions()) {
      const parts = await session.listParts!().catch(() => [])
      const part = parts.find((each) => each.index === index)
      if (!part) continue
      const size = how === 'damage' ? part.size : Math.max(0, part.size - 1)
      // The session may have ended meanwhile.
      await session.writePart({ index, start: 0, size }, bodyOf(Buffer.alloc(size, 0xaa))).catch(() => {})
    }
  }

  async #sessions() {
    const sink = this.sink()
    const resumed = (await this.sessions()).map((uploadId) => sink.resume!({ uploadId }, object))
    return (await Promise.allSettled(resumed)).flatMap((each) =>
      each.status === 'fulfilled' ? [each.value] : [],
    )
  }

  async #unfinished() {
    const found = []
    for await (const upload of this.#store.unfinished({})) found.push(upload)
    return found
  }
}

function bodyOf(bytes: Buffer) {
  async function* chunks() {
    yield bytes
  }
  return { size: bytes.length, open: async () => chunks() }
}
