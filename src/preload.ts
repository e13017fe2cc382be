import { globalAgent as http } from 'node:http'
import { globalAgent as https } from 'node:https'
import { lifecycle } from './lifecycle/default-lifecycle'
import { internalsOf } from './lifecycle/internals'

/**
 * `node --import sluiceway/preload`: for applications that are not to be changed. From its start on, a process or
 * thread notices when it stood still, and drops idle connections then, those of Node's global agents included.
 */
const globalAgents = { agents: () => [http, https] }

internalsOf(lifecycle).adopted.adopt(globalAgents)
lifecycle.onFork()

/** Held here for as long as this module is loaded, which is for ever. */
export { globalAgents }
