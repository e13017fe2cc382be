import { shared } from './shared'

/**
 * Whether objects may be read over connections of our own, beside Node's HTTP client. One for the whole process or
 * thread, since the stores and `configure` may be of different copies of this package.
 */
export const directReads = (): { allowed: boolean } => shared('direct-reads', () => ({ allowed: true }))
