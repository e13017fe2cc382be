import { createHash } from 'node:crypto'
import type { Source } from '../../src/contract/source'
import { Crc64, type Fault } from '../../src/testing'
import type { Cell } from './cells'
import type { Disturbance } from './faults'
import { midBody } from './limits'
import { type End, openPeer, openStream } from './routes'
import { requestOf, sectionOf } from './sections'

/** The end that goes wrong, ready to. */
export interface Armed {
  /** Missing where it is a stream. */
  readonly end?: End
  /** What is moved, where this end is the source. */
  source(): Promise<Source>
  /** To be called when the first attempt has failed: what goes wrong once is over. */
  afterFirst(): void
  /** Whether anything went wrong at all. */
  struck(): boolean
  /** Lets the peer come back, so that what it was to clean up can be looked at. */
  recover(): Promise<void>
  /** Whether a stream was left open. */
  leftOpen(): boolean
}

const always = Number.POSITIVE_INFINITY

export async function openArmed(cell: Cell, bytes: Uint8Array): Promise<Armed> {
  const { row, peer, mode } = cell
  const fault = row.fault(peer, mode)
  return peer === 'ceph' || peer === 'cos'
    ? armPeer(cell, peer, fault, bytes)
    : armStream(peer, fault as Disturbance, bytes)
}

function armStream(peer: string, { type }: Disturbance, bytes: Uint8Array): Armed {
  const { source, over } = openStream(bytes, peer === 'sized stream', type)
  return {
    source: async () => source,
    afterFirst() {},
    struck: () => true,
    recover: async () => {},
    leftOpen: () => !over(),
  }
}

async function armPeer(
  { row, section, mode, other }: Cell,
  peer: 'ceph' | 'cos',
  fault: Fault | Disturbance,
  bytes: Uint8Array,
): Promise<Armed> {
  const aheadMs = fault.type === 'clock' ? fault.aheadMs : 0
  const end = await openPeer(peer, {
    proxied: fault.type === 'refused',
    fixedKeys: row.fixedKeys,
    now: () => new Date(Date.now() + aheadMs),
  })
  if (fault.type === 'refused') await end.proxy!.refuse()
  const { side } = sectionOf(section)
  const rule = { when: requestOf(section, other), times: mode === 'once' ? 1 : always }
  const isSource = side === 'source' || section === 'copy'
  if (isSource) await (fault.type === 'rotten' ? writeRotten(end, bytes) : end.write('from', bytes))
  const misbehaviour = isFault(fault) ? end.server!.misbehave({ ...rule, fault }) : undefined
  return {
    end,
    async source() {
      const source = end.store.source('from')
      // A gateway copies by itself only what is pinned.
      return section === 'copy' ? end.store.source('from', await source.stat()) : source
    },
    afterFirst() {
      if (mode === 'once') void end.proxy?.accept()
    },
    struck: () => misbehaviour?.hits !== 0,
    async recover() {
      await end.proxy?.accept()
      // What else was ordered goes on: an abort that is refused for ever must stay so while the store is closed.
      if (fault.type === 'outage') end.server!.behave()
    },
    leftOpen: () => false,
  }
}

const isFault = (fault: Fault | Disturbance): fault is Fault =>
  !['refused', 'clock', 'rotten'].includes(fault.type)

/** An object with a byte that is not what its digests tell of. */
async function writeRotten(end: End, bytes: Uint8Array): Promise<void> {
  end.server!.misbehave({ when: { operation: 'PutObject' }, fault: { type: 'corrupt-at-rest', at: midBody } })
  const digests = {
    crc64: new Crc64().update(bytes).digest(),
    md5: createHash('md5').update(bytes).digest('hex'),
  }
  const object = { size: bytes.byteLength, attributes: {}, createOnly: false }
  await end.store.sink('from').put!(object, bytes, digests)
}
