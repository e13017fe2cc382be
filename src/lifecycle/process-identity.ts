import { threadId } from 'node:worker_threads'

/** Who runs this code. Threads of one process share its pid. */
export interface ProcessIdentity {
  readonly pid: number
  readonly threadId: number
}

/** Read anew at each call: a start-up snapshot is loaded by another process than the one that made it. */
export function processIdentity(): ProcessIdentity {
  return { pid: process.pid, threadId }
}

export function isStill(known: ProcessIdentity): boolean {
  return known.pid === process.pid && known.threadId === threadId
}
