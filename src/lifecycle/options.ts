import { TransferError } from '../contract/errors'
import type { AgentsOptions } from './agents'

export interface LifecycleOptions {
  /**
   * Milliseconds a connection may be used for. Judged when a request starts; a request in flight is never cut.
   * @default no limit
   */
  readonly maxAge?: number
  /**
   * Milliseconds a connection may rest between two uses; a shorter `Keep-Alive: timeout` of the server is obeyed. The
   * default stays below the 65 s after which a Ceph gateway closes its side without a word.
   * @default 50000
   */
  readonly maxIdle?: number
  /** Milliseconds in which a connection of a registered resource has to answer. @default 2000 */
  readonly isUsableTimeout?: number
  /** For https: certificates of your own. @default the authorities of Node, and those of NODE_EXTRA_CA_CERTS */
  readonly tls?: AgentsOptions['tls']
}

/** The longest delay a Node timer can hold, in milliseconds: a longer one fires at once. */
const maxTimer = 2 ** 31 - 1

const names = ['maxAge', 'maxIdle', 'isUsableTimeout', 'tls']

/** @throws INVALID_OPTION naming the option */
export function checkOptions(options: LifecycleOptions): void {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'must be an object')
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) throw invalid(unknown, `is not known; there are ${names.join(', ')}`)
  checkTime('maxAge', options.maxAge, Number.POSITIVE_INFINITY)
  checkTime('maxIdle', options.maxIdle, maxTimer)
  checkTime('isUsableTimeout', options.isUsableTimeout, maxTimer)
  if (options.tls !== undefined && (typeof options.tls !== 'object' || options.tls === null)) {
    throw invalid('tls', 'must be an object, such as { ca }')
  }
}

function checkTime(name: string, value: unknown, max: number): void {
  if (value === undefined || (typeof value === 'number' && value > 0 && value <= max)) return
  const bounds = Number.isFinite(max) ? `above 0, at most ${max}` : 'above 0'
  throw invalid(name, `must be a number of milliseconds ${bounds}`)
}

function invalid(option: string, problem: string): TransferError {
  const message = `createLifecycle: the option ${option} ${problem}.`
  return new TransferError('INVALID_OPTION', message, { context: { option } })
}
