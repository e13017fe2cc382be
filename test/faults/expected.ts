import type { Cell } from './cells'
import { promises } from './promises'
import { fits } from './which'

export interface Expectation {
  /** As {@link CellResult.outcome} has it. */
  readonly outcome: string
  /** Where the outcome needs a reason. */
  readonly why?: string
}

/** What users are promised. A promise, where one fits the cell; else success once, and the code of the fault for ever. */
export function expectedOf(cell: Cell): Expectation {
  const promise = promises.find((one) => fits(one, cell))
  if (promise) return promise
  if (cell.mode === 'once') return { outcome: 'success' }
  const outcome = lasting[cell.row.name]
  if (outcome === undefined) throw new Error(`nothing is promised of "${cell.row.name}" in ${cell.section}`)
  return { outcome }
}

/** The code in which a fault ends that lasts for ever, wherever it strikes. */
const lasting: Readonly<Record<string, string>> = {
  'connection refused': 'CONNECTION',
  'reset before the answer': 'CONNECTION',
  'closed before the answer': 'CONNECTION',
  'server restarts': 'CONNECTION',
  'reset in mid-body': 'CONNECTION',
  'reset after the headers': 'CONNECTION',
  'closed in mid-body': 'CONNECTION',
  'lost reply': 'CONNECTION',
  'stall before the answer': 'TIMEOUT',
  'stall in mid-body': 'TIMEOUT',
  'stall after the headers': 'TIMEOUT',
  '500': 'SERVER_ERROR',
  '200 with an error': 'SERVER_ERROR',
  'empty 200': 'SERVER_ERROR',
  '200 with an error, work done': 'SERVER_ERROR',
  'empty 200, work done': 'SERVER_ERROR',
  '503': 'THROTTLED',
  '429 with Retry-After': 'THROTTLED',
  '403, keys expired': 'ACCESS_DENIED',
  'slow drip': 'success',
  'corrupted in flight': 'INTEGRITY',
  'wrong ETag': 'INTEGRITY',
  'wrong CRC-64': 'INTEGRITY',
}
