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
  | { readonly type: 'resume'; readonly parts: number; readonly bytes: number }
  | { readonly type: 'commit'; readonly bytes: number; readonly etag?: string; readonly version?: string }
  | { readonly type: 'abort'; readonly code: TransferErrorCode; readonly error: TransferError }

/** The step of the walk a request belongs to. */
export type Operation = 'stat' | 'begin' | 'part' | 'put' | 'commit' | 'verify' | 'abort'

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
