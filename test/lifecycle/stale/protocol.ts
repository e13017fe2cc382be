/** What tasks.ts, run by standstill.ts in a process of its own, is to do. */
export interface TasksOptions {
  readonly kind: 'ceph' | 'cos'
  readonly endpoint: string
  readonly bucket: string
  readonly credentials: object
  /** An object of {@link neighbourSize} bytes, for neighbours that use it; without it there are none. */
  readonly large?: string
  /** Where both processes leave files for each other: a process that stands still hears nothing else. */
  readonly dir: string
  readonly rounds: number
  readonly hook: boolean
}

export interface TasksResult {
  /** Of each round: `'ok'`, or the code of the error. */
  readonly outcomes: readonly string[]
  /** Of each round: how long the process stood still, in milliseconds. */
  readonly standstills: readonly number[]
  /** What became of the transfer and the download that were under way all the time. */
  readonly upload?: { readonly bytes: number; readonly retries: number }
  readonly downloaded?: number
}

export const neighbourSize = 24 * 1024 ** 2
export const partSize = 5 * 1024 ** 2
