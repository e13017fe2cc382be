import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { installPrograms } from './cases/programs'
import { writeDocument } from './document'
import { cases, nameOf, plan } from './plan'
import { play } from './play'
import { judge, promisedCases } from './promises'
import { markdown, type Table } from './report'
import { openStage } from './stage'

/**
 * `npm run bench -- [--case NAME…] [--size MiB] [--rounds N] [--tls] [--write]`: what a transfer costs beside its peers.
 * Without flags all that is in docs/performance.md, in about a quarter of an hour; `--write` puts it there.
 */
const { values } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    size: { type: 'string' },
    rounds: { type: 'string' },
    tls: { type: 'boolean' },
    write: { type: 'boolean' },
  },
})
const unknown = values.case?.find((name) => !cases.some((one) => one.name === name))
if (unknown)
  throw new Error(`there is no case ${unknown}; there are ${cases.map(({ name }) => name).join(', ')}`)

const texts = new Map([
  ['machine', `Node ${process.version}, ${availableParallelism()} processors, ${process.arch}.`],
])
/** Of each case the first table: promises are about the usual size, not about smaller ones that follow. */
const promised = new Map<string, Table>()

await installPrograms()
await using stage = await openStage()
for (const turn of plan(values)) {
  const table = await play(turn.case, await stage.scene(turn.size, turn.tls), turn.rounds)
  texts.set(nameOf(turn), markdown(table))
  if (!turn.tls && !promised.has(turn.case.name)) promised.set(turn.case.name, table)
  console.log(`\n${markdown(table)}`)
}
const verdicts = judge(promised)
if (verdicts) console.log(`\n${verdicts}`)
// A part of the promises is no news of the rest.
if (verdicts && [...promisedCases].every((name) => promised.has(name))) texts.set('promises', verdicts)
if (values.write) await writeDocument(texts)
