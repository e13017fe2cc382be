import type { Client } from '../client'
import type { Peer } from '../peers'

/** What the clients of a case find: servers, sizes, a folder. */
export interface Scene {
  /** Bytes of the one object, or of all the small ones. */
  readonly size: number
  readonly tls: boolean
  readonly s3: Peer
  /** Of its own: what goes from one bucket of a gateway to another one never passes through a client. */
  readonly s3Sink: Peer
  readonly cos: Peer
  /** Takes `out`, and holds `in` once it was asked for. */
  readonly folder: string
  /** Writes the object to the file `in`. */
  writeInput(): Promise<void>
  /** The certificate of the servers, in a file. */
  readonly authority: string
  /** Called when the case is over. */
  defer(end: () => unknown): void
}

export interface Contender {
  readonly client: Client
  /** What the client has to report as checked. */
  readonly verified?: readonly string[]
  /** Where its bytes must then be; nowhere, where it only computes. */
  readonly to?: Peer | 'disk'
  /** Objects it writes. @default 1 */
  readonly objects?: number
}

export interface Case {
  readonly name: string
  readonly title: string
  /** What it is about, where the title does not say it all. */
  readonly about?: string
  /** The client whose figures are 1.00 in the ratios. */
  readonly baseline: string
  /** Bytes, where the case is about a certain size. */
  readonly size?: number
  /** What seconds are divided by. @default the GiB of the object */
  readonly per?: { readonly count: number; readonly unit: string }
  /** In the order of their turns. */
  contenders(scene: Scene): Promise<Record<string, Contender>> | Record<string, Contender>
}
