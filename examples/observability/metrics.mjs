// @ts-check
import { once } from 'node:events'
import { createServer } from 'node:http'
import { totalmem } from 'node:os'
import nodeProcess from 'node:process'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { instrument } from 'sluiceway/opentelemetry'

/**
 * Serves the metrics of this process to Prometheus: those of sluiceway, its memory against its limit, and, where a queue
 * is given, the jobs in it (one question to Redis for each scrape; give it in one kind of process only).
 *
 * @param {object} options
 * @param {number} options.port 0 takes a free one
 * @param {string} options.process what this process is, such as 'web' or 'worker': a label of all its metrics
 * @param {string} [options.host] address to listen on; by default all, since Prometheus is elsewhere
 * @param {{ getJobCounts(...types: any[]): Promise<Record<string, number>> }} [options.queue] of BullMQ
 * @returns {Promise<{ port: number, stop(): Promise<void> }>}
 */
export async function startMetrics({ port, process, host, queue }) {
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withResourceConstantLabels: /^process$/,
    withoutTargetInfo: true,
    withoutScopeInfo: true,
  })
  const meterProvider = new MeterProvider({
    resource: resourceFromAttributes({ process }),
    readers: [exporter],
  })
  const stopTelling = instrument({ meterProvider })
  observeMemory(meterProvider)
  if (queue) observeJobs(meterProvider, queue)

  const server = createServer((request, response) => {
    if (request.url === '/metrics') exporter.getMetricsRequestHandler(request, response)
    else response.writeHead(404).end()
  })
  server.listen(port, host)
  await once(server, 'listening')
  // Metrics alone keep no process alive.
  server.unref()
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    port: address.port,
    async stop() {
      stopTelling()
      server.close()
      server.closeAllConnections()
      await meterProvider.shutdown()
    },
  }
}

/** @param {MeterProvider} meterProvider */
function observeMemory(meterProvider) {
  const meter = meterProvider.getMeter('workers')
  meter
    .createObservableUpDownCounter('process.memory.usage', {
      unit: 'By',
      description: 'Physical memory in use: the resident set, file cache not included.',
    })
    .addCallback((result) => result.observe(nodeProcess.memoryUsage.rss()))
  meter
    .createObservableUpDownCounter('process.memory.limit', {
      unit: 'By',
      description: 'Memory this process may use: the limit of its cgroup, or all that the machine has.',
    })
    .addCallback((result) => result.observe(memoryLimit()))
}

/** Without a limit Node answers with 0 or with more than any machine has. */
function memoryLimit() {
  const limit = nodeProcess.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

const states = ['wait', 'active', 'delayed', 'failed']

/**
 * @param {MeterProvider} meterProvider
 * @param {{ getJobCounts(...types: any[]): Promise<Record<string, number>> }} queue
 */
function observeJobs(meterProvider, queue) {
  meterProvider
    .getMeter('workers')
    .createObservableUpDownCounter('worker_queue.jobs', {
      unit: '{job}',
      description: 'Deliveries in the queue, by their state.',
    })
    .addCallback(async (result) => {
      // Redis may be away: the other metrics are wanted all the more then.
      const counts = await queue.getJobCounts(...states).catch(() => ({}))
      for (const [state, count] of Object.entries(counts)) result.observe(count, { state })
    })
}
