import { createLifecycle, type Lifecycle } from './lifecycle'
import { shared } from './shared'

/** The lifecycle of this process or thread: one, however often and in whichever format this package is loaded. */
export const lifecycle: Lifecycle = shared('lifecycle', () => createLifecycle())
