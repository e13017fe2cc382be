import { transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { measure, setting } from './measure.mjs'

const { s3, target, size, partSize, concurrency, verify } = setting
const from = ceph(s3)
const to = target.kind === 'cos' ? cos(target.options) : ceph(target.options)

await measure(size, async () => {
  const result = await transfer(from.source(setting.key), to.sink('bench'), { partSize, concurrency, verify })
  if (result.bytes !== size) throw new Error(`moved ${result.bytes} bytes instead of ${size}`)
  return { verified: result.verified }
})
await Promise.all([from.close(), to.close()])
