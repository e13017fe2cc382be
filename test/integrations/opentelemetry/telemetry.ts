import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { onTestFinished } from 'vitest'
import { type InstrumentOptions, instrument } from '../../../src/integrations/opentelemetry'

class Reader extends MetricReader {
  protected override async onForceFlush() {}
  protected override async onShutdown() {}
}

type Attributes = Record<string, unknown>

/** The SDK of OpenTelemetry with everything kept in memory, and the library instrumented until the test has ended. */
export function telemetry(options: InstrumentOptions = {}) {
  const reader = new Reader()
  const exporter = new InMemorySpanExporter()
  const meterProvider = new MeterProvider({ readers: [reader] })
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const stop = instrument({ meterProvider, tracerProvider, ...options })
  onTestFinished(stop)

  async function metrics() {
    const { resourceMetrics, errors } = await reader.collect()
    if (errors.length > 0) throw errors[0]
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
  }

  /** The points of one metric: a number, or how many values a histogram has. */
  async function points(name: string): Promise<{ attributes: Attributes; value: number }[]> {
    const metric = (await metrics()).find(({ descriptor }) => descriptor.name === name)
    return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({
      attributes,
      value: typeof value === 'number' ? value : value.count,
    }))
  }

  /** The sum over all points whose attributes include these. */
  async function sum(name: string, wanted: Attributes = {}): Promise<number> {
    const fits = ({ attributes }: { attributes: Attributes }) =>
      Object.entries(wanted).every(([key, value]) => attributes[key] === value)
    return (await points(name)).filter(fits).reduce((total, { value }) => total + value, 0)
  }

  return { metrics, points, sum, stop, tracerProvider, spans: () => exporter.getFinishedSpans() }
}
