import type { Fault } from '../../src/testing'
import type { TransferOptions } from '../../src/transfer/options'
import { midBody, outageMs, retryAfterMs } from './limits'
import type { SectionName } from './sections'

/** The end of a route that goes wrong. */
export type Peer = 'ceph' | 'cos' | 'stream' | 'sized stream'
export type Mode = 'once' | 'for ever'

/** What goes wrong outside the answers of a server. */
export type Disturbance =
  /** Nobody listens on the port from the start. Once: until the first attempt has failed. */
  | { readonly type: 'refused' }
  /** The clock of this machine differs from the server's. */
  | { readonly type: 'clock'; readonly aheadMs: number }
  /** The source holds other bytes than its digests tell of. */
  | { readonly type: 'rotten' }
  /** A stream that misbehaves by itself. */
  | { readonly type: 'breaks' | 'stalls' | 'ends' | 'runs-long' | 'drips' }

export interface FaultRow {
  readonly name: string
  readonly peers: readonly Peer[]
  /** @default both */
  readonly modes?: readonly Mode[]
  fault(peer: Peer, mode: Mode): Fault | Disturbance
  readonly verify?: TransferOptions['verify']
  /** Keys that never change. @default a function that gives new ones */
  readonly fixedKeys?: true
}

const both = ['ceph', 'cos'] as const
type Wrong = Fault | Disturbance
const row = (name: string, fault: Wrong | FaultRow['fault'], more: Partial<FaultRow> = {}): FaultRow => ({
  name,
  peers: both,
  fault: typeof fault === 'function' ? fault : () => fault,
  ...more,
})

/** What the services say of keys past their time. */
const expired = (peer: Peer): Fault =>
  peer === 'ceph'
    ? { type: 'status', status: 403, code: 'ExpiredToken', message: 'The token has expired.' }
    : { type: 'status', status: 403, code: 'AccessDenied', message: 'Request has expired' }

const always = Number.POSITIVE_INFINITY
const hour = 3_600_000
const retryAfter = { 'retry-after': String(retryAfterMs / 1000) }

const refused = row('connection refused', { type: 'refused' })
/** What is no event but a state is not there once. */
const lasting = { modes: ['for ever'] } as const
const skewed = [
  row('clock an hour slow', { type: 'clock', aheadMs: hour }, lasting),
  row('clock an hour fast', { type: 'clock', aheadMs: -hour }, lasting),
]
const keysExpired = row('403, keys expired', expired)
const fixedKeysExpired = row(
  '403, fixed keys expired',
  { type: 'stall' },
  { fault: expired, fixedKeys: true },
)

/** Those of any request. */
const requests: readonly FaultRow[] = [
  row('reset before the answer', { type: 'reset' }),
  row('closed before the answer', { type: 'close' }),
  row('server restarts', (_, mode) => ({ type: 'outage', ms: mode === 'once' ? outageMs : always })),
  row('stall before the answer', { type: 'stall' }),
  row('500', { type: 'status', status: 500 }),
  row('503', { type: 'status', status: 503 }),
  row('429 with Retry-After', { type: 'status', status: 429, code: 'TooManyRequests', headers: retryAfter }),
  keysExpired,
]
const empty = row('empty 200', { type: 'empty-200' })
/** Those of requests whose answer has a body. */
const answers: readonly FaultRow[] = [...requests, row('200 with an error', { type: 'error-in-200' }), empty]
/** Those of requests that change something. */
const writes: readonly FaultRow[] = [
  ...answers,
  row('lost reply', { type: 'lost-reply' }),
  row('200 with an error, work done', { type: 'error-in-200', work: true }),
  row('empty 200, work done', { type: 'empty-200', work: true }),
]
/** Those of requests with a body. */
const sent: readonly FaultRow[] = [
  row('reset in mid-body', { type: 'reset-request', after: midBody }),
  row('closed in mid-body', { type: 'close-request', after: midBody }),
  row('stall in mid-body', { type: 'stall-request', after: midBody }),
  row('slow drip', { type: 'drip-request', bytesPerSecond: 1_000_000 }),
  row('corrupted in flight', { type: 'corrupt-request', at: midBody }),
  row('corrupted at rest', { type: 'corrupt-at-rest', at: midBody }),
]
const wrongEtag = row('wrong ETag', { type: 'wrong-etag' })
const wrongCrc = row('wrong CRC-64', { type: 'wrong-crc64' }, { peers: ['cos'] })

/** Those of answers with the bytes of an object. */
const received: readonly FaultRow[] = [
  row('reset in mid-body', { type: 'reset-response', after: midBody }),
  row('reset after the headers', { type: 'reset-response', after: 0 }),
  row('closed in mid-body (early FIN)', { type: 'truncate', after: midBody }),
  row('stall in mid-body', { type: 'stall-response', after: midBody }),
  row('stall after the headers', { type: 'stall-response', after: 0 }),
  row('slow drip', { type: 'drip', bytesPerSecond: 1_000_000 }),
  row('truncated, with the length to match', { type: 'short-length', bytes: 1000 }),
  row('too long, with the length to match', { type: 'extra-bytes', bytes: 1000 }),
  row('another range than asked for', { type: 'wrong-content-range' }),
  row("corrupted in flight, verify: 'attested'", { type: 'corrupt-response', at: midBody }),
  row(
    "corrupted in flight, verify: 'end-to-end'",
    { type: 'corrupt-response', at: midBody },
    {
      verify: 'end-to-end',
    },
  ),
  row("corrupted at rest, verify: 'attested'", { type: 'rotten' }, lasting),
  row("corrupted at rest, verify: 'end-to-end'", { type: 'rotten' }, { ...lasting, verify: 'end-to-end' }),
]

/** It comes but once: whatever it does, it does for ever. A stream of unknown size may end anywhere. */
const streams = { ...lasting, peers: ['stream', 'sized stream'] } as const
const streamed: readonly FaultRow[] = [
  row('breaks off', { type: 'breaks' }, streams),
  row('stalls', { type: 'stalls' }, streams),
  row('slow drip', { type: 'drips' }, streams),
  row('ends early', { type: 'ends' }, { ...streams, peers: ['sized stream'] }),
  row('runs long', { type: 'runs-long' }, { ...streams, peers: ['sized stream'] }),
]

/** The faults that can strike each request. */
export const faults: Record<SectionName, readonly FaultRow[]> = {
  stat: [refused, ...requests, fixedKeysExpired, ...skewed, empty, wrongEtag],
  read: [...answers, ...received, wrongEtag],
  verify: [...requests, empty, wrongEtag],
  stream: streamed,
  begin: [refused, ...writes, fixedKeysExpired, ...skewed],
  part: [...writes, ...sent, wrongEtag, wrongCrc, fixedKeysExpired],
  copy: writes.map((fault) => ({ ...fault, peers: ['ceph'] })),
  complete: [...writes, wrongEtag, wrongCrc, fixedKeysExpired],
  look: [...requests, empty],
  put: [refused, ...writes, ...sent, wrongEtag, wrongCrc],
  abort: writes,
}
