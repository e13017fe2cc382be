import { transfer } from 'sluiceway'
import { ceph } from 'sluiceway/ceph'
import { cos } from 'sluiceway/cos'
import { measure, setting } from './measure.mjs'
import { eachSmall } from './small.mjs'

const { from, to, verify } = setting
const source = ceph(from.options)
const sink = to.kind === 's3' ? ceph(to.options) : cos(to.options)

await measure(async () => {
  const verified = new Set()
  await eachSmall(async (number) => {
    const result = await transfer(source.source(`small/${number}`), sink.sink(`out/${number}`), { verify })
    for (const check of result.verified) verified.add(check)
  })
  return { verified: [...verified] }
})
await Promise.all([source.close(), sink.close()])
