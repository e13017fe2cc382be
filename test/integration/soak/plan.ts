/** What the process that is measured has to do, and what it says of it. */
export interface SoakPlan {
  readonly transfers: number
  readonly concurrency: number
  readonly seed: number
  /** Transfers between two samples. */
  readonly block: number
  readonly folder: string
  readonly s3: { readonly endpoint: string; readonly bucket: string; readonly credentials: S3Credentials }
  readonly cos: { readonly endpoint: string; readonly bucket: string; readonly credentials: CosCredentials }
  /** Each stands under its name in every place that can be a source. */
  readonly objects: readonly SoakObject[]
}

interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

interface CosCredentials {
  readonly secretId: string
  readonly secretKey: string
}

export interface SoakObject {
  readonly key: string
  readonly size: number
  /** Hex. */
  readonly sha256: string
}

export type Place = 's3' | 'cos' | 'disk' | 'memory'

/** Asks of the process that is measured, about what only the servers' process sees. */
export type Question =
  /** Puts an object there which a failed transfer must leave as it is. */
  | { readonly id: number; readonly ask: 'prepare'; readonly place: 's3' | 'cos'; readonly key: string }
  /** The SHA-256 of what stands there, null where nothing does; it is removed. */
  | { readonly id: number; readonly ask: 'look'; readonly place: 's3' | 'cos'; readonly key: string }

export interface Answer {
  readonly id: number
  readonly sha256: string | null
}

/** What a process holds when no transfer is under way. */
export interface SoakSample {
  /** Transfers so far. */
  readonly transfers: number
  /** Bytes, after collecting garbage. */
  readonly memory: number
  readonly rss: number
  readonly sockets: number
  readonly files: number
  readonly active: Readonly<Record<string, number>>
}

export interface SoakReport {
  readonly samples: readonly SoakSample[]
  /** Once all stores are closed. */
  readonly closed: SoakSample
  /** How transfers ended, and how often. */
  readonly outcomes: Readonly<Record<string, number>>
  /** What was wrong. */
  readonly complaints: readonly string[]
  /** Upload ids that errors have named. */
  readonly named: readonly string[]
  readonly retries: number
  readonly resumedBytes: number
}

/** What stood at a destination before. */
export const earlierObject = Buffer.from('an earlier object')
