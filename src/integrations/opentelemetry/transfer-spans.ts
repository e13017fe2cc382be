import { type Context, context, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { ObservedTransfer, TransferMessage } from '../../contract/diagnostics'
import type { TransferError } from '../../contract/errors'
import type { TransferEvent } from '../../contract/events'
import { cleanText } from '../../contract/secret-text'
import type { Part } from '../../contract/sink'
import { attribute, kindOf } from './names'
import { sideOf } from './retry-side'

interface Live {
  readonly span: Span
  /** In which the spans of its parts begin. */
  readonly context: Context
  /** By index. */
  readonly parts: Map<number, Span>
}

/** Turns the messages of transfers into spans: one of the transfer, one of each part in flight. */
export class TransferSpans {
  readonly #tracer: Tracer
  readonly #withParts: boolean
  readonly #live = new Map<ObservedTransfer, Live>()

  constructor(tracer: Tracer, withParts: boolean) {
    this.#tracer = tracer
    this.#withParts = withParts
  }

  hear(message: TransferMessage): void {
    const { transfer } = message
    // Published from within transfer(), so the active context is that of its caller.
    if (message.type === 'start') this.#start(transfer)
    const live = this.#live.get(transfer)
    if (!live) return
    switch (message.type) {
      case 'event':
        tellEvent(live, transfer, message.event)
        break
      case 'part-start':
        if (this.#withParts) live.parts.set(message.part.index, this.#startPart(live, message.part))
        break
      case 'part-end': {
        const { index } = message.part
        end(live.parts.get(index), message.error)
        live.parts.delete(index)
        break
      }
      case 'end':
        live.span.setAttributes({ [attribute.outcome]: message.outcome, [attribute.bytes]: transfer.bytes })
        end(live.span, message.error)
        this.#live.delete(transfer)
    }
  }

  /** Ends the spans of what is still under way. */
  stop(): void {
    for (const { span, parts } of this.#live.values()) {
      for (const part of parts.values()) part.end()
      span.end()
    }
    this.#live.clear()
  }

  #start(transfer: ObservedTransfer): void {
    const [source, sink] = [kindOf(transfer.source), kindOf(transfer.sink)]
    const attributes = {
      [attribute.sourceKind]: source,
      [attribute.sinkKind]: sink,
      // A location is no secret; one of a source of the caller's own may be a signed address all the same.
      [attribute.sourceLocation]: cleanText(transfer.source),
      [attribute.sinkLocation]: cleanText(transfer.sink),
    }
    const parent = context.active()
    const span = this.#tracer.startSpan(`transfer ${source} to ${sink}`, { attributes }, parent)
    this.#live.set(transfer, { span, context: trace.setSpan(parent, span), parts: new Map() })
  }

  #startPart(live: Live, { index, start, size }: Part): Span {
    const attributes = {
      [attribute.partIndex]: index,
      [attribute.partStart]: start,
      [attribute.partSize]: size,
    }
    return this.#tracer.startSpan('transfer part', { attributes }, live.context)
  }
}

function tellEvent({ span, parts }: Live, transfer: ObservedTransfer, event: TransferEvent): void {
  switch (event.type) {
    case 'plan':
      span.setAttributes({
        [attribute.method]: event.method,
        [attribute.partSize]: event.partSize,
        ...(event.size !== undefined && { [attribute.size]: event.size }),
        ...(event.parts !== undefined && { [attribute.parts]: event.parts }),
      })
      break
    case 'retry': {
      const owner = (event.index !== undefined && parts.get(event.index)) || span
      owner.addEvent('retry', {
        [attribute.operation]: event.operation,
        [attribute.side]: sideOf(event, transfer),
        [attribute.attempt]: event.attempt,
        [attribute.delay]: event.delayMs / 1000,
        [attribute.errorType]: event.error.code,
      })
      break
    }
    case 'straggler':
      ;(parts.get(event.index) ?? span).addEvent('straggler')
      break
    case 'concurrency':
      span.addEvent('concurrency', {
        [attribute.concurrency]: event.concurrency,
        [attribute.reason]: event.reason,
      })
      break
    case 'resume':
      span.setAttribute(attribute.resumedBytes, event.bytes)
      break
    case 'restart':
      span.addEvent('restart', { [attribute.reason]: event.reason })
      break
    case 'checkpoint':
      span.addEvent('checkpoint', { [attribute.errorType]: event.error.code })
  }
}

function end(span: Span | undefined, error: TransferError | undefined): void {
  if (error) {
    span?.setAttribute(attribute.errorType, error.code)
    span?.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
  }
  span?.end()
}
