import { type Cell, cellsOf, nameOf } from './cells'
import { expectedOf } from './expected'
import { faults, type Mode, type Peer } from './faults'
import { boundOf, defaults, objectSize, partSize, quick, retryAfterMs, smallSize } from './limits'
import type { CellResult } from './run-cell'
import { type OtherEnd, requestOf, type Section, type SectionName, sectionNames, sectionOf } from './sections'

type Outcome = (cell: Cell) => string

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const modeNames: readonly Mode[] = ['once', 'for ever']
const peerNames: Readonly<Record<Peer, string>> = {
  ceph: 'Ceph',
  cos: 'COS',
  stream: 'unknown size',
  'sized stream': 'known size',
}

/** docs/faults.md, from what was seen. */
export function renderTable(results: readonly CellResult[]): string {
  const seen = new Map(results.map(({ cell, outcome }) => [nameOf(cell), outcome]))
  const outcome: Outcome = (cell) => seen.get(nameOf(cell)) ?? 'not run'
  return [introduction(), ...sectionNames.map((name) => renderSection(name, outcome)), closing()].join('\n')
}

/** One heading with its table. */
export function renderSection(name: SectionName, outcome: Outcome): string {
  const section: Section = sectionOf(name)
  const cells = cellsOf(name)
  const peers = [...new Set(cells.map(({ peer }) => peer))]
  const reasons: string[] = []
  const columns = peers.flatMap((peer) =>
    modeNames
      .filter((mode) => cells.some((cell) => cell.peer === peer && cell.mode === mode))
      .map((mode) => ({ peer, mode })),
  )
  const rows = faults[name].map((row) => {
    const texts = columns.map(({ peer, mode }) => {
      const group = cells.filter((cell) => cell.row === row && cell.peer === peer && cell.mode === mode)
      return cellText(group, outcome, reasons)
    })
    return `| ${row.name} | ${texts.join(' | ')} |`
  })
  const heads = columns.map(({ peer, mode }) => `${peerNames[peer]}, ${mode}`)
  return [
    `## ${section.title}`,
    '',
    `${requestsOf(name, section)}${routesOf(section)} ${boundsOf(section)}`,
    '',
    `| fault | ${heads.join(' | ')} |`,
    `|---|${columns.map(() => '---|').join('')}`,
    ...rows,
    '',
    ...reasons.map((reason, index) => `${index + 1}. ${capital(reason)}.`),
    ...(reasons.length > 0 ? [''] : []),
  ].join('\n')
}

function cellText(group: readonly Cell[], outcome: Outcome, reasons: string[]): string {
  if (group.length === 0) return '–'
  const byText = new Map<string, string[]>()
  for (const cell of group) {
    const text = `${outcomeText(outcome(cell))}${note(cell, reasons)}`
    byText.set(text, [...(byText.get(text) ?? []), cell.other])
  }
  const texts = [...byText]
  if (texts.length === 1) return texts[0]![0]
  return texts.map(([text, others]) => `${others.join(', ')}: ${text}`).join('; ')
}

function outcomeText(outcome: string): string {
  if (outcome === 'wrong bytes') return 'not noticed'
  return outcome.replace(/^[A-Z_]+/, (code) => `\`${code}\``)
}

/** The number of the reason, where the outcome has one. */
function note(cell: Cell, reasons: string[]): string {
  const { why } = expectedOf(cell)
  if (why === undefined) return ''
  if (!reasons.includes(why)) reasons.push(why)
  return ` [${reasons.indexOf(why) + 1}]`
}

/** The requests that go wrong, each with its routes where they differ. */
function requestsOf(name: SectionName, { others, operation }: Section): string {
  if (!operation) return ''
  const groups = new Map<string, OtherEnd[]>()
  for (const other of others) {
    const request = requestOf(name, other)
    const text = `\`${request.operation}\`, the ${request.nth === 2 ? 'second' : 'first'}`
    groups.set(text, [...(groups.get(text) ?? []), other])
  }
  if (groups.size === 1) return `${[...groups.keys()][0]}. `
  return `${[...groups].map(([text, routes]) => `${text} (${routes.join(', ')})`).join('; ')}. `
}

function routesOf({ side, others }: Section): string {
  return `Routes: ${side === 'source' ? 'to' : 'from'} ${others.join(', ')}.`
}

function boundsOf({ commits = false }: Section): string {
  const here = boundOf(quick, commits)
  return `Ends within ${seconds(here)} here, within ${seconds(boundOf(defaults, commits))} with the default options.`
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

const introduction = () => `# Faults

What becomes of a transfer when something goes wrong, seen by running each cell of these tables. Made by
\`npm run faults -- --write\`; a test runs all cells again and compares them with this file.

**Once**: the first request of its kind fails, the next do not. **For ever**: all of them do. A cell says how the
transfer ends: with success, which means the exact bytes, or with the code of its error.

In every cell, whatever it says:

- The destination holds the new object after a success, and the object that was there before after an error; only after
  \`OUTCOME_UNKNOWN\` it may be either.
- No upload and no staged file is left, unless the error names it.
- The transfer settles within the time stated above its table.
- Nothing is left open: after \`store.close()\` there is no socket, and a stream has been read to its end or destroyed.
- No rejection goes unhandled.

The servers are those of \`sluiceway/testing\`, the S3 one standing for Ceph. The object has ${objectSize} bytes in parts of
${partSize}; \`(put)\` is one of ${smallSize} bytes, which goes in one request. The options are impatient:
\`timeouts.idle\` and \`connect\` ${quick.timeouts.idle} ms, ${quick.retry.retries} retries with at most ${quick.retry.maxDelay} ms between them. A \`Retry-After\`
of ${seconds(retryAfterMs)} is obeyed and adds ${seconds(retryAfterMs)} for each retry. Where one end of a route is a disk, the memory of the
process or a stream, only the other end is on the network and can fail so; a stream of its own faults has a table too.

With the default options a silent peer is noticed after ${seconds(defaults.timeouts.idle)}, and a transfer whose peer stays silent ends within
120 s. This is tested at five places: the source's HEAD, its GET, a part, the completion, a put.
`

const closing = () => `## Not noticed

\`verify: 'attested'\`, the default, trusts what the source sends: a byte that a gateway reads wrongly from its disks, or
that is damaged on a plain HTTP connection past TCP's own checksum, arrives as it is. \`verify: 'end-to-end'\` compares with
the source's own digest. No setting finds out a destination that attests one thing and keeps another.
`
