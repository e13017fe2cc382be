import { join } from 'node:path'
import type { Peer } from '../peers'
import type { Contender, Scene } from './case'

const MiB = 1024 * 1024

/** How every client cuts an object, unless a case says otherwise. */
export const parts = { partSize: 16 * MiB, concurrency: 4 }

/** One end of a transfer, as the scripts of `clients/` are told of it. */
export interface End {
  readonly kind: 's3' | 'cos' | 'disk'
  readonly options: object
  readonly key: string
}

export const objectOn = ({ kind, options }: Peer, { size }: Scene): End => ({
  kind,
  options,
  key: `${size / MiB}MiB`,
})
export const writtenTo = ({ kind, options }: Peer): End => ({ kind, options, key: 'out/object' })
export const fileIn = ({ folder }: Scene, key: 'in' | 'out', options: object = {}): End => ({
  kind: 'disk',
  options: { root: folder, ...options },
  key,
})
export const pathIn = ({ folder }: Scene, key: 'in' | 'out') => join(folder, key)

/** A script of `clients/` that moves the object from one end to the other. */
export function script(
  scene: Scene,
  name: string,
  ends: { readonly from?: End; readonly to?: End },
  to: Contender['to'],
  more: object = {},
): Contender {
  return { client: { script: name, setting: { ...parts, ...ends, size: scene.size, ...more } }, to }
}

type Verify = 'size' | 'attested' | 'end-to-end'

/** What sluiceway must have checked at each level, by the kinds of both ends. */
function checksOf(verify: Verify, from: End, to: End): string[] {
  const sink = { s3: ['part-etag', 'object-etag'], cos: ['part-crc64', 'object-crc64'], disk: [] }[to.kind]
  const source = { s3: ['source-etag'], cos: ['source-crc64'], disk: [] }[from.kind]
  return ['size', ...(verify === 'size' ? [] : sink), ...(verify === 'end-to-end' ? source : [])]
}

export function sluiceway(
  scene: Scene,
  from: End,
  to: End,
  peer: Contender['to'],
  verify: Verify,
  more: object = {},
): Contender {
  const contender = script(scene, 'sluiceway', { from, to }, peer, { verify, ...more })
  return { ...contender, verified: checksOf(verify, from, to) }
}
