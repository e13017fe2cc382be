import { transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { stream } from 'sluiceway/stream'
import { measure, setting } from './measure.mjs'
import { produce } from './produce.mjs'

const { to, size, partSize, concurrency, verify } = setting
const sink = ceph(to.options)

await measure(async () => {
  const options = { partSize, concurrency, verify }
  const result = await transfer(stream(produce(size)), sink.sink(to.key), options)
  if (result.bytes !== size) throw new Error(`moved ${result.bytes} bytes instead of ${size}`)
  return { verified: result.verified }
})
await sink.close()
