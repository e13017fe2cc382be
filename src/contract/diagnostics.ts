import { type Channel, channel } from 'node:diagnostics_channel'
import type { TransferError, TransferErrorCode } from './errors'
import type { TransferEvent } from './events'
import type { Part } from './sink'

/** What is published on channels of `node:diagnostics_channel`, by the name of the channel. */
export interface DiagnosticMessages {
  'sluiceway:transfer': TransferMessage
  'sluiceway:request': RequestMessage
  'sluiceway:connection': ConnectionMessage
}

/** One transfer under way: the same object in all messages of it. */
export interface ObservedTransfer {
  /** Locations; they name objects, and hold no secret. */
  readonly source: string
  readonly sink: string
  /** Bytes this run has moved by now, to be read at any time. Never falls; those an earlier run moved are not in it. */
  readonly bytes: number
}

/** A transfer that began before anybody listened is not told of. */
export type TransferMessage = { readonly transfer: ObservedTransfer } & TransferNews

export type TransferNews =
  | { readonly type: 'start' }
  | { readonly type: 'event'; readonly event: TransferEvent }
  /** A part has got its turn; `part-end` follows in any case. Objects that are put in one request have no parts. */
  | { readonly type: 'part-start'; readonly part: Part }
  | {
      readonly type: 'part-end'
      readonly part: Part
      readonly elapsedMs: number
      readonly error?: TransferError
    }
  | {
      readonly type: 'end'
      /** `'skipped'`: the object was there already. Else the code of the error. */
      readonly outcome: 'stored' | 'skipped' | TransferErrorCode
      readonly elapsedMs: number
      readonly error?: TransferError
    }

/** A request to an object store has ended: one attempt, whether of a transfer or not. */
export interface RequestMessage {
  /** Such as `ceph:staging`. */
  readonly store: string
  readonly operation: RequestOperation
  /** For `get` until its first bytes can be read, for the others until the whole answer has come. */
  readonly elapsedMs: number
  /** A TransferError, as adapters throw no other. */
  readonly error?: unknown
}

/** Requests as stores know them. `partSize` is a HEAD of one part; pages of `list` are not told of. */
export const requestOperations = [
  'head',
  'partSize',
  'get',
  'put',
  'createUpload',
  'uploadPart',
  'copyPart',
  'listParts',
  'completeUpload',
  'abortUpload',
  'listUploads',
  'remove',
] as const

export type RequestOperation = (typeof requestOperations)[number]

export type ConnectionMessage = {
  /** `'agent'`: of Node's HTTP client; `'direct'`: for reading objects over plain HTTP. */
  readonly pool: ConnectionPoolName
} & (
  | { readonly type: 'opened' }
  | { readonly type: 'reused' }
  | { readonly type: 'retired'; readonly reason: RetirementReason }
)

export type ConnectionPoolName = 'agent' | 'direct'

/**
 * Why a connection is no more. `'renewed'`: a task began, or the process was forked or stood still, since it was opened;
 * `'age'`: past maxAge; `'idle'`: it rested for maxIdle; `'error'`: the network broke it, or it never came to be;
 * `'closed'`: by the peer, or because what it carried was given up.
 */
export type RetirementReason = 'renewed' | 'age' | 'idle' | 'error' | 'closed'

// Channels are known by their names, so all copies of this package publish on the same ones. They cost next to nothing
// as long as nobody listens: each message is made only after a look at `hasSubscribers`.

interface TypedChannel<Message> extends Pick<Channel, 'hasSubscribers'> {
  publish(message: Message): void
}

const typed = <Name extends keyof DiagnosticMessages>(name: Name): TypedChannel<DiagnosticMessages[Name]> =>
  channel(name)

export const transferChannel = typed('sluiceway:transfer')
export const requestChannel = typed('sluiceway:request')
export const connectionChannel = typed('sluiceway:connection')
