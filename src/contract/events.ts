import type { TransferError, TransferErrorCode } from './errors'

/** What happens on the way, for logs and metrics. `index` counts parts from 0. */
export type TransferEvent =
  | {
      readonly type: 'plan'
      /** `'put'`: one request; `'parts'`: a session. */
      readonly method: 'put' | 'parts'
      readonly size?: number
      /** Bytes of every part but the last; of the first, where the size is unknown. */
      readonly partSize: number
      readonly parts?: number
      /** Parts in flight to begin with. */
      readonly concurrency: number
    }
  | { readonly type: 'part'; readonly index: number; readonly start: number; readonly size: number }
  | {
      readonly type: 'retry'
      readonly operation: Operation
      readonly index?: number
      /** The attempt that failed, from 1. */
      readonly attempt: number
      readonly delayMs: number
      readonly error: TransferError
    }
  /** Parts that may be in flight from now on, and what changed it; `'throughput'`: more or fewer were found to be better. */
  | {
      readonly type: 'concurrency'
      readonly concurrency: number
      readonly reason: 'throttled' | 'latency' | 'success' | 'throughput'
    }
  /** A part that lags far behind the others is sent a second time; the first to arrive counts. */
  | { readonly type: 'straggler'; readonly index: number }
  /** What an earlier run has left is gone on with: these parts are not sent again. */
  | { readonly type: 'resume'; readonly parts: number; readonly bytes: number }
  /** What an earlier run has left is of no use: the transfer starts afresh. */
  | {
      readonly type: 'restart'
      readonly reason: RestartReason
      /** Whether the earlier session is known to be gone; else `sweep` removes it. */
      readonly discarded: boolean
    }
  /** The checkpoint could not be loaded, saved or deleted. The transfer goes on; it may not be resumed from here. */
  | { readonly type: 'checkpoint'; readonly error: TransferError }
  | { readonly type: 'commit'; readonly bytes: number; readonly etag?: string; readonly version?: string }
  | { readonly type: 'abort'; readonly code: TransferErrorCode; readonly error: TransferError }

/** What is no longer as the checkpoint has it; `'session'`: the sink has none of that name any more. */
export type RestartReason = 'source' | 'destination' | 'part-size' | 'attributes' | 'session'

/** The step of the walk a request belongs to. */
export type Operation = 'checkpoint' | 'stat' | 'begin' | 'part' | 'put' | 'commit' | 'verify' | 'abort'

export interface Progress {
  /** Bytes moved; never less than the time before. */
  readonly bytes: number
  /** Bytes in all, where known. */
  readonly size?: number
  /** Over the last few seconds. */
  readonly bytesPerSecond: number
  /** Where size and speed are known. */
  readonly secondsLeft?: number
  /** Parts the sink has accepted. */
  readonly parts: number
}
