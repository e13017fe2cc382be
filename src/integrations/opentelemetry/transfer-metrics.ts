import type { Attributes, BatchObservableResult } from '@opentelemetry/api'
import type { ObservedTransfer, TransferMessage } from '../../contract/diagnostics'
import type { TransferEvent } from '../../contract/events'
import { processBudget } from '../../transfer/configure'
import type { Instruments } from './instruments'
import { attribute, kindOf } from './names'
import { sideOf } from './retry-side'

/** What is told of all transfers from one kind of store to another. */
interface Route {
  readonly attributes: Attributes
  bytes: number
  transfers: number
  parts: number
  limit: number
}

/** One transfer under way. */
interface Live {
  readonly route: Route
  /** Its bytes that are in the route's already. */
  bytes: number
  /** Parts it may have in flight. */
  limit: number
}

/** Turns the messages of transfers into metrics. Bytes and levels are read when they are collected, and cost nothing before. */
export class TransferMetrics {
  readonly #instruments: Instruments
  readonly #routes = new Map<string, Route>()
  readonly #live = new Map<ObservedTransfer, Live>()

  constructor(instruments: Instruments) {
    this.#instruments = instruments
  }

  hear(message: TransferMessage): void {
    const { transfer } = message
    if (message.type === 'start') this.#start(transfer)
    const live = this.#live.get(transfer)
    // It began before anybody listened.
    if (!live) return
    const { route } = live
    const { attributes } = route
    const errorType = (error: { code: string } | undefined) => error && { [attribute.errorType]: error.code }
    switch (message.type) {
      case 'event':
        this.#event(live, transfer, message.event)
        break
      case 'part-start':
        route.parts += 1
        break
      case 'part-end': {
        route.parts -= 1
        const { partDuration } = this.#instruments
        partDuration.record(message.elapsedMs / 1000, { ...attributes, ...errorType(message.error) })
        break
      }
      case 'end': {
        this.#limit(live, 0)
        this.#count(live, transfer)
        route.transfers -= 1
        this.#live.delete(transfer)
        const ended = { [attribute.outcome]: message.outcome, ...errorType(message.error) }
        this.#instruments.transferDuration.record(message.elapsedMs / 1000, { ...attributes, ...ended })
      }
    }
  }

  observe(result: BatchObservableResult): void {
    const { io, activeTransfers, activeParts, concurrencyLimit, memoryUsage, memoryLimit } = this.#instruments
    for (const [transfer, live] of this.#live) this.#count(live, transfer)
    for (const { attributes, bytes, transfers, parts, limit } of this.#routes.values()) {
      result.observe(io, bytes, attributes)
      result.observe(activeTransfers, transfers, attributes)
      result.observe(activeParts, parts, attributes)
      result.observe(concurrencyLimit, limit, attributes)
    }
    const { held, total } = processBudget()
    result.observe(memoryUsage, held)
    result.observe(memoryLimit, total)
  }

  #start(transfer: ObservedTransfer): void {
    const route = this.#route(kindOf(transfer.source), kindOf(transfer.sink))
    route.transfers += 1
    this.#live.set(transfer, { route, bytes: 0, limit: 0 })
  }

  #route(source: string, sink: string): Route {
    const key = `${source} ${sink}`
    const attributes = { [attribute.sourceKind]: source, [attribute.sinkKind]: sink }
    const route = this.#routes.get(key) ?? { attributes, bytes: 0, transfers: 0, parts: 0, limit: 0 }
    this.#routes.set(key, route)
    return route
  }

  #event(live: Live, transfer: ObservedTransfer, event: TransferEvent): void {
    const { parts, resumed, retries, concurrencyChanges } = this.#instruments
    const { attributes } = live.route
    switch (event.type) {
      case 'plan':
        this.#limit(live, event.concurrency)
        break
      case 'concurrency':
        this.#limit(live, event.concurrency)
        concurrencyChanges.add(1, { ...attributes, [attribute.reason]: event.reason })
        break
      case 'part':
        parts.add(1, attributes)
        break
      case 'resume':
        resumed.add(event.bytes, attributes)
        break
      case 'retry':
        retries.add(1, {
          ...attributes,
          [attribute.operation]: event.operation,
          [attribute.side]: sideOf(event, transfer),
          [attribute.errorType]: event.error.code,
        })
    }
  }

  #limit(live: Live, limit: number): void {
    live.route.limit += limit - live.limit
    live.limit = limit
  }

  #count(live: Live, { bytes }: ObservedTransfer): void {
    live.route.bytes += bytes - live.bytes
    live.bytes = bytes
  }
}
