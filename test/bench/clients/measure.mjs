import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

/** What the runner passes: both ends, the object, the sizes. */
export const setting = JSON.parse(process.env.BENCH_SETTING ?? '{}')

/**
 * Runs one client and prints what it cost this process, as a line of JSON: seconds of CPU and of the clock, MiB at its
 * peak. What loading the modules cost is not counted, other than in the peak.
 */
export async function measure(work) {
  const watch = setting.eventLoop && watchLoop()
  const before = process.cpuUsage()
  const started = performance.now()
  const facts = await work()
  const wall = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)
  const report = {
    cpu: (user + system) / 1e6,
    wall,
    peak: process.resourceUsage().maxRSS / 1024,
    ...watch?.(),
    ...facts,
  }
  console.log(JSON.stringify(report))
}

/** Milliseconds between two looks at the event loop. They cost some CPU. */
const resolution = 1

/** The function it returns tells, in milliseconds, what was seen. */
function watchLoop() {
  const delays = monitorEventLoopDelay({ resolution })
  const used = createHistogram()
  let before = process.cpuUsage()
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before)
    used.record(Math.max(1, user + system))
    before = process.cpuUsage()
  }, resolution)
  delays.enable()
  return () => {
    clearInterval(timer)
    // A look that is on time is recorded as one resolution.
    const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolution)
    return {
      late: { p99: late(delays.percentile(99)), max: late(delays.max) },
      busy: { p99: used.percentile(99) / 1000, max: used.max / 1000 },
    }
  }
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
