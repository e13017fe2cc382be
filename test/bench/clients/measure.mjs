/** Runs one client and prints what it cost this process, as a line of JSON. */
export async function measure(bytes, work) {
  const before = process.cpuUsage()
  const started = performance.now()
  const facts = await work()
  const { user, system } = process.cpuUsage(before)
  const gibibytes = bytes / 1024 ** 3
  const report = {
    cpu: (user + system) / 1e6 / gibibytes,
    wall: (performance.now() - started) / 1000 / gibibytes,
    peak: process.resourceUsage().maxRSS / 1024,
    ...facts,
  }
  console.log(JSON.stringify(report))
}

/** What the runner passes: the servers' addresses and keys, the object, the sizes. */
export const setting = JSON.parse(process.env.BENCH_SETTING ?? '{}')

/** Cuts the object as every client here does, and moves `concurrency` parts at a time. */
export async function movePartsOf({ size, partSize, concurrency }, movePart) {
  const count = Math.ceil(size / partSize)
  const done = []
  let next = 0
  const work = async () => {
    while (next < count) {
      const index = next
      next += 1
      const start = index * partSize
      done[index] = await movePart({ index, start, end: Math.min(size, start + partSize) })
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return done
}
