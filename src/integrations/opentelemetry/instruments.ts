import type { Meter } from '@opentelemetry/api'

/** Upper bounds in seconds. A request may take a few milliseconds or, for a large part on a slow line, minutes. */
const requestSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
const transferSeconds = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400]

export type Instruments = ReturnType<typeof createInstruments>

/** All metrics, under OpenTelemetry's rules for names, with units of UCUM. */
export function createInstruments(meter: Meter) {
  const seconds = (name: string, description: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries } })
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(name, { unit, description })
  const level = (name: string, unit: string, description: string) =>
    meter.createObservableUpDownCounter(name, { unit, description })

  return {
    transferDuration: seconds(
      'sluiceway.transfer.duration',
      'From the call of transfer() to its end.',
      transferSeconds,
    ),
    partDuration: seconds(
      'sluiceway.part.duration',
      'From the first attempt at a part to its end, retries and their pauses included.',
      requestSeconds,
    ),
    requestDuration: seconds(
      'sluiceway.request.duration',
      'One attempt at a request to an object store; for get until its first bytes can be read.',
      requestSeconds,
    ),
    io: meter.createObservableCounter('sluiceway.transfer.io', {
      unit: 'By',
      description: 'Bytes moved; those that a failed attempt moved and the next one moves again count once.',
    }),
    resumed: counter('sluiceway.transfer.resumed', 'By', 'Bytes that an earlier run had moved.'),
    parts: counter('sluiceway.parts', '{part}', 'Parts that sinks have accepted.'),
    retries: counter('sluiceway.retries', '{retry}', 'Requests that were tried again.'),
    concurrencyChanges: counter(
      'sluiceway.concurrency.changes',
      '{change}',
      'How often the parts that may be in flight were changed.',
    ),
    opened: counter('sluiceway.connection.opened', '{connection}', 'Connections that were begun.'),
    reused: counter('sluiceway.connection.reused', '{connection}', 'Requests sent over an idle connection.'),
    retired: counter('sluiceway.connection.retired', '{connection}', 'Connections that are no more.'),
    activeTransfers: level('sluiceway.active_transfers', '{transfer}', 'Transfers under way.'),
    activeParts: level('sluiceway.active_parts', '{part}', 'Parts in flight, or waiting for their retry.'),
    concurrencyLimit: level(
      'sluiceway.concurrency.limit',
      '{part}',
      'Parts that may be in flight, of all transfers under way.',
    ),
    memoryUsage: level('sluiceway.memory.usage', 'By', 'Bytes of the memory budget that are taken.'),
    memoryLimit: level('sluiceway.memory.limit', 'By', 'Bytes of the memory budget of this process.'),
  }
}
