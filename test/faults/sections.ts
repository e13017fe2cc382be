import type { OperationName } from '../../src/testing'

/** The other end of a route whose one end goes wrong. */
export type OtherEnd =
  | 'ceph'
  | 'cos'
  | 'disk'
  | 'memory'
  | 'ceph (put)'
  | 'cos (put)'
  | 'stream'
  | 'sized stream'

export interface Section {
  readonly title: string
  /** Which end goes wrong. */
  readonly side: 'source' | 'sink'
  /** None for a stream, which is no store. */
  readonly operation?: OperationName
  /** The first of these requests that goes wrong. @default 1 */
  readonly nth?: number
  /** The object is small enough for one request. */
  readonly small?: true
  /** Its answer is waited for twice as long. */
  readonly commits?: boolean
  readonly others: readonly OtherEnd[]
}

/** `(put)`: a small object, which is read whole and put in one request. */
const sinks: readonly OtherEnd[] = ['ceph', 'cos', 'disk', 'memory', 'ceph (put)', 'cos (put)']
/** A small object is asked for once, and read with the same request. */
const partSinks: readonly OtherEnd[] = ['ceph', 'cos', 'disk', 'memory']
const sources: readonly OtherEnd[] = ['ceph', 'cos', 'disk', 'memory', 'sized stream', 'stream']

/** The requests of a transfer in their order. */
export const sections = {
  stat: {
    title: 'Asking the source what it has',
    side: 'source',
    operation: 'HeadObject',
    others: partSinks,
  },
  read: { title: 'Reading the source', side: 'source', operation: 'GetObject', others: sinks },
  verify: {
    title: 'Asking the source, before the commit, whether it has changed',
    side: 'source',
    operation: 'HeadObject',
    nth: 2,
    others: partSinks,
  },
  stream: { title: 'Reading a stream', side: 'source', others: ['ceph', 'cos', 'disk', 'memory'] },
  begin: {
    title: 'Beginning an upload',
    side: 'sink',
    operation: 'CreateMultipartUpload',
    others: sources,
  },
  part: { title: 'Sending a part', side: 'sink', operation: 'UploadPart', others: sources },
  copy: {
    title: 'Letting the gateway copy a part by itself',
    side: 'sink',
    operation: 'UploadPartCopy',
    others: ['ceph'],
  },
  complete: {
    title: 'Completing the upload',
    side: 'sink',
    operation: 'CompleteMultipartUpload',
    commits: true,
    others: sources,
  },
  look: {
    title: 'Looking at the object that was made',
    side: 'sink',
    operation: 'HeadObject',
    commits: true,
    others: sources,
  },
  put: {
    title: 'Putting a small object',
    side: 'sink',
    operation: 'PutObject',
    small: true,
    commits: true,
    others: ['ceph', 'cos', 'disk', 'memory'],
  },
  abort: {
    title: 'Aborting the upload of a transfer that failed',
    side: 'sink',
    operation: 'AbortMultipartUpload',
    others: sources,
  },
} as const satisfies Record<string, Section>

/**
 * Which request goes wrong. A sink that puts small objects whole has the source asked by a GET of the first bytes, which
 * takes the place of the first HEAD; and where the object turns out to be small, that of the read.
 */
export function requestOf(name: SectionName, other: OtherEnd): Pick<Section, 'operation' | 'nth'> {
  const { operation, nth }: Section = sections[name]
  if (other === 'disk' || other.endsWith('(put)')) return { operation, nth }
  if (name === 'stat') return { operation: 'GetObject' }
  if (name === 'read') return { operation, nth: 2 }
  return name === 'verify' ? { operation } : { operation, nth }
}

export type SectionName = keyof typeof sections
export const sectionNames = Object.keys(sections) as SectionName[]
export const sectionOf = (name: SectionName): Section => sections[name]
