import { parseArgs } from 'node:util'
import { installPrograms } from './cases/programs'
import { cases, plan } from './plan'
import { play } from './play'
import { markdown } from './report'
import { openStage } from './stage'

/**
 * `npm run bench -- [--case NAME…] [--size MiB] [--rounds N] [--tls] [--write]`: what a transfer costs beside its peers.
 * Without a case all that is in docs/performance.md.
 */
const { values } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    size: { type: 'string' },
    rounds: { type: 'string' },
    tls: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const unknown = values.case?.find((name) => !cases.some((one) => one.name === name))
if (unknown)
  throw new Error(`there is no case ${unknown}; there are ${cases.map(({ name }) => name).join(', ')}`)

await installPrograms()
await using stage = await openStage()
for (const turn of plan(values)) {
  const table = await play(turn.case, await stage.scene(turn.size, turn.tls), turn.rounds)
  console.log(`\n${markdown(table)}`)
}
