import { createHash } from 'node:crypto'
import { type CosServer, cosServer, type Fault, type S3Server, s3Server } from 'sluiceway/testing'
import { seeded } from '../../support/seeded'
import { type Answer, earlierObject, type Question } from './plan'

const limits = { minPartSize: 64 * 1024 }

/**
 * Each of them is answered by trying again, or by a truthful failure. Bytes damaged in a reply are left out: where the
 * source vouches for no digest, nobody could tell.
 */
const faults: readonly Fault[] = [
  { type: 'status', status: 503 },
  { type: 'status', status: 500 },
  { type: 'status', status: 429, headers: { 'retry-after': '0' } },
  { type: 'reset' },
  { type: 'reset-request', after: 30_000 },
  { type: 'reset-response', after: 30_000 },
  { type: 'stall', ms: 300 },
  { type: 'truncate', after: 10_000 },
  { type: 'corrupt-request', at: 100 },
  { type: 'error-in-200' },
  { type: 'empty-200' },
  { type: 'lost-reply' },
  { type: 'lost-reply' },
]

/** Requests of a soak to each server, more or less; after so many faults come to an end. */
const requests = 40_000

export interface SoakServers {
  readonly s3: S3Server
  readonly cos: CosServer
  readonly faulted: number
  answer(question: Question): Promise<Answer>
  close(): Promise<void>
}

/** @param share how many of the requests go wrong, from 0 to 1 */
export async function soakServers(seed: number, share: number): Promise<SoakServers> {
  const servers = { s3: await s3Server({ limits }), cos: await cosServer({ limits }) }
  const random = seeded(seed)
  const rules = Object.values(servers).flatMap((server) => {
    const list = []
    for (let nth = 0; nth < requests; ) {
      nth += 1 + Math.floor((random() * 2) / share)
      const fault = faults[Math.floor(random() * faults.length)]!
      list.push(server.misbehave({ when: { nth }, fault }))
    }
    return list
  })
  return {
    ...servers,
    get faulted() {
      return rules.reduce((sum, { hits }) => sum + hits, 0)
    },
    async answer({ id, ask, place, key }) {
      const server = servers[place]
      if (ask === 'prepare') {
        await server.put(key, earlierObject)
        return { id, sha256: null }
      }
      const bytes = await server.object(key)?.bytes()
      await server.remove(key)
      return { id, sha256: bytes ? createHash('sha256').update(bytes).digest('hex') : null }
    },
    async close() {
      await Promise.all([servers.s3.close(), servers.cos.close()])
    },
  }
}
