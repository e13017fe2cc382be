import { monitorEventLoopDelay } from 'node:perf_hooks'

/** What the runner passes: both ends, the object, the sizes. */
export const setting = JSON.parse(process.env.BENCH_SETTING ?? '{}')

/**
 * Runs one client and prints what it cost this process, as a line of JSON: seconds of CPU and of the clock, MiB at its
 * peak. What loading the modules cost is not counted, other than in the peak.
 */
export async function measure(work) {
  // Milliseconds between two looks at the loop; a look that is on time is recorded as this long. It costs some CPU.
  const resolution = 1
  const delays = setting.eventLoop && monitorEventLoopDelay({ resolution })
  const before = process.cpuUsage()
  const started = performance.now()
  delays?.enable()
  const facts = await work()
  delays?.disable()
  const wall = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution)
  const report = {
    cpu: (user + system) / 1e6,
    wall,
    peak: process.resourceUsage().maxRSS / 1024,
    ...(delays && { late: { p99: late(delays.percentile(99)), max: late(delays.max) } }),
    ...facts,
  }
  console.log(JSON.stringify(report))
}

/** Cuts the object as every client here does, and moves `concurrency` parts at a time. */
export async function movePartsOf({ size, partSize, concurrency }, movePart) {
  const count = Math.ceil(size / partSize)
  const done = []
  let next = 0
  const work = async (worker) => {
    while (next < count) {
      const index = next
      next += 1
      const start = index * partSize
      done[index] = await movePart({ index, start, end: Math.min(size, start + partSize) }, worker)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, (_, worker) => work(worker)))
  return done
}
