import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api'
import type { ConnectionMessage, DiagnosticMessages, RequestMessage } from '../../contract/diagnostics'
import { TransferError } from '../../contract/errors'
import { fields, invalid } from '../../transfer/option-checks'
import { createInstruments, type Instruments } from './instruments'
import { attribute, kindOf } from './names'
import { TransferMetrics } from './transfer-metrics'
import { TransferSpans } from './transfer-spans'

export interface InstrumentOptions {
  /** @default the global one, as it is at the call: start the SDK first */
  readonly meterProvider?: MeterProvider
  /** @default the global one */
  readonly tracerProvider?: TracerProvider
  /** Whether each part has a span of its own: an object may have 10,000 parts. @default true */
  readonly partSpans?: boolean
}

const scope = 'sluiceway'

/**
 * Tells OpenTelemetry of all transfers, requests and connections of this process or thread from now on: metrics, and a
 * span for each transfer and part, below the span that is active where `transfer()` is called. To be called once.
 *
 * @returns a function that ends it
 * @throws INVALID_OPTION naming the option
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  const { meterProvider, tracerProvider, partSpans } = check(options)
  const meter = meterProvider.getMeter(scope)
  const instruments = createInstruments(meter)
  const transferMetrics = new TransferMetrics(instruments)
  const spans = new TransferSpans(tracerProvider.getTracer(scope), partSpans)

  const { io, activeTransfers, activeParts, concurrencyLimit, memoryUsage, memoryLimit } = instruments
  const observed = [io, activeTransfers, activeParts, concurrencyLimit, memoryUsage, memoryLimit]
  const observe: Parameters<typeof meter.addBatchObservableCallback>[0] = (result) =>
    transferMetrics.observe(result)
  meter.addBatchObservableCallback(observe, observed)

  const unlisten = [
    listen('sluiceway:transfer', (message) => {
      transferMetrics.hear(message)
      spans.hear(message)
    }),
    listen('sluiceway:request', (message) => countRequest(instruments, message)),
    listen('sluiceway:connection', (message) => countConnection(instruments, message)),
  ]
  return () => {
    for (const end of unlisten) end()
    meter.removeBatchObservableCallback(observe, observed)
    spans.stop()
  }
}

function check(options: InstrumentOptions) {
  const given = fields('options', options, ['meterProvider', 'tracerProvider', 'partSpans'])
  const {
    meterProvider = metrics.getMeterProvider(),
    tracerProvider = trace.getTracerProvider(),
    partSpans = true,
  } = given
  if (typeof meterProvider?.getMeter !== 'function') throw invalid('meterProvider', 'must have a getMeter()')
  if (typeof tracerProvider?.getTracer !== 'function') {
    throw invalid('tracerProvider', 'must have a getTracer()')
  }
  if (typeof partSpans !== 'boolean') throw invalid('partSpans', 'must be true or false')
  return { meterProvider, tracerProvider, partSpans }
}

function listen<Name extends keyof DiagnosticMessages>(
  name: Name,
  hear: (message: DiagnosticMessages[Name]) => void,
): () => void {
  const listener = (message: unknown) => hear(message as DiagnosticMessages[Name])
  subscribe(name, listener)
  return () => void unsubscribe(name, listener)
}

function countRequest(
  { requestDuration }: Instruments,
  { store, operation, elapsedMs, error }: RequestMessage,
): void {
  const errorType = TransferError.is(error) ? error.code : '_OTHER'
  requestDuration.record(elapsedMs / 1000, {
    [attribute.storeKind]: kindOf(store),
    [attribute.operation]: operation,
    ...(error !== undefined && { [attribute.errorType]: errorType }),
  })
}

function countConnection(instruments: Instruments, message: ConnectionMessage): void {
  const { type, pool } = message
  const reason = message.type === 'retired' && { [attribute.reason]: message.reason }
  instruments[type].add(1, { [attribute.pool]: pool, ...reason })
}
