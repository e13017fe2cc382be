import { isMainThread, parentPort, threadId, workerData } from 'node:worker_threads'
import { ceph } from '../../../src/adapters/ceph'
import { memory } from '../../../src/adapters/memory'
import { lifecycle } from '../../../src/lifecycle'
import { transfer } from '../../../src/transfer/transfer'

/** What a process or thread that has just begun says of itself, before and after its first transfer. */
export interface ChildFacts {
  readonly pid: number
  readonly threadId: number
  readonly idleBefore: number
  readonly bytes: number
  readonly retries: number
  readonly idleAfter: number
}

export interface ChildOptions {
  readonly endpoint: string
  readonly bucket: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

const idle = () => Object.values(lifecycle.agents.http.freeSockets).flat().length

async function facts(options: ChildOptions): Promise<ChildFacts> {
  const idleBefore = idle()
  const store = ceph(options)
  const { bytes, retries } = await transfer(store.source('key'), memory().sink('key'))
  return { pid: process.pid, threadId, idleBefore, bytes, retries, idleAfter: idle() }
}

if (isMainThread) {
  process.once('message', async (options: ChildOptions) => {
    process.send?.(await facts(options))
    process.disconnect()
  })
  // A cluster's worker loses what comes before it listens.
  process.send?.('listening')
} else {
  parentPort?.postMessage(await facts(workerData as ChildOptions))
}
