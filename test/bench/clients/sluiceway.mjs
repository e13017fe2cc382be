import { transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { disk } from 'sluiceway/disk'
import { measure, setting } from './measure.mjs'

const stores = { s3: ceph, cos, disk }
const { from, to, size, partSize, concurrency, verify } = setting
const source = stores[from.kind](from.options)
const sink = stores[to.kind](to.options)

await measure(async () => {
  const options = { partSize, concurrency, verify }
  const result = await transfer(source.source(from.key), sink.sink(to.key), options)
  if (result.bytes !== size) throw new Error(`moved ${result.bytes} bytes instead of ${size}`)
  if (result.retries > 0) throw new Error(`${result.retries} parts had to be moved again`)
  return { verified: result.verified }
})
await Promise.all([source.close(), sink.close()])
