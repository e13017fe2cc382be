import { TransferError } from '../../src/contract/errors'
import type { TransferEvent } from '../../src/contract/events'
import { pattern } from '../../src/testing/conformance/tools/pattern'
import type { TransferOptions } from '../../src/transfer/options'
import { transfer } from '../../src/transfer/transfer'
import { settled } from '../support/handles'
import { type Armed, openArmed } from './arm'
import type { Cell } from './cells'
import type { ClientSockets } from './client-sockets'
import { boundOf, objectSize, quick, retryAfterMs, smallSize, stubborn } from './limits'
import { type End, openOther, openStream } from './routes'
import { sectionOf } from './sections'

export interface CellResult {
  readonly cell: Cell
  /** `'success'`, `'wrong bytes'`, or the code of the error. */
  readonly outcome: string
  /** Promises that hold in every cell, whatever its outcome, and were broken. */
  readonly problems: readonly string[]
  readonly ms: number
}

const large = pattern(objectSize, 1)
const small = pattern(smallSize, 1)
/** What stands at the destination before: of the same size, so that size alone settles nothing. */
const earlierLarge = pattern(objectSize, 2)
const earlierSmall = pattern(smallSize, 2)

/** Milliseconds after its bound for a transfer to settle after all; it hangs after that. */
const hanging = 20_000

/** Runs one transfer with servers of its own, and looks at everything it was to leave in order. */
export async function runCell(
  cell: Cell,
  sockets: ClientSockets,
  manner: Manner = mannerOf(cell),
): Promise<CellResult> {
  const isSmall = sectionOf(cell.section).small || cell.other.endsWith('(put)')
  const [bytes, earlier] = isSmall ? [small, earlierSmall] : [large, earlierLarge]
  const armed = await openArmed(cell, bytes)
  const other = cell.section === 'copy' ? undefined : await openOther(cell.other)
  const route = { armed, other, ends: [armed.end, other].filter((end) => end !== undefined) }
  try {
    return await observe(cell, route, bytes, earlier, sockets, manner)
  } finally {
    for (const end of route.ends) await end.dispose()
  }
}

interface Route {
  readonly armed: Armed
  /** Missing where it is a stream, or the same as the armed one. */
  readonly other?: End
  readonly ends: readonly End[]
}

async function observe(
  cell: Cell,
  { armed, other, ends }: Route,
  bytes: Uint8Array,
  earlier: Uint8Array,
  sockets: ClientSockets,
  { options, bound }: Manner,
): Promise<CellResult> {
  const problems: string[] = []
  const to = (sectionOf(cell.section).side === 'sink' ? armed.end : other)!
  await to.write('to', earlier)
  const { source, leftOpen } = await sourceOf(cell, armed, other, bytes)
  if (cell.section === 'abort') failLater(to)

  const started = performance.now()
  const onEvent = ({ type }: TransferEvent) => type === 'retry' && armed.afterFirst()
  const moving = transfer(source, to.store.sink('to'), { ...options, onEvent })
  const failure = await ended(moving, bound + hanging)
  const ms = performance.now() - started
  if (failure === 'hangs') return { cell, outcome: 'hangs', problems, ms }
  if (ms > bound) problems.push(`took ${Math.round(ms)} ms, which is above its bound of ${bound}`)
  if (!armed.struck()) problems.push('nothing went wrong')

  await armed.recover()
  for (const end of ends) await end.store.close()
  const outcome = await judge(failure, to, bytes, earlier, problems)
  const held = () => ends.reduce((sum, { port }) => sum + (port === undefined ? 0 : sockets.to(port)), 0)
  await settled(() => held() === 0, 3000).catch(() => problems.push(`${held()} sockets are left open`))
  if (leftOpen()) problems.push('the stream is left open')
  return { cell, outcome, problems, ms }
}

/** From the end that goes wrong, from the other one, or from a stream that does not. */
async function sourceOf(cell: Cell, armed: Armed, other: End | undefined, bytes: Uint8Array) {
  if (sectionOf(cell.section).side === 'source' || cell.section === 'copy') {
    return { source: await armed.source(), leftOpen: armed.leftOpen }
  }
  if (!other) {
    const { source, over } = openStream(bytes, cell.other === 'sized stream')
    return { source, leftOpen: () => !over() }
  }
  await other.write('from', bytes)
  return { source: other.store.source('from'), leftOpen: () => false }
}

/** Success, or the code; and whether the destination and what is left behind go with that. */
async function judge(
  failure: unknown,
  to: End,
  bytes: Uint8Array,
  earlier: Uint8Array,
  problems: string[],
): Promise<string> {
  const stored = Buffer.from(await to.read('to'))
  const unfinished = await to.unfinished()
  if (failure === undefined) {
    if (unfinished.length > 0) problems.push(`leaves ${unfinished} behind after a success`)
    return stored.equals(bytes) ? 'success' : 'wrong bytes'
  }
  if (!TransferError.is(failure)) {
    problems.push(`no TransferError: ${failure}`)
    return 'foreign error'
  }
  const isNew = stored.equals(bytes)
  if (!isNew && !stored.equals(earlier))
    problems.push('the destination is neither the old nor the new object')
  if (isNew && failure.code !== 'OUTCOME_UNKNOWN')
    problems.push(`${failure.code}, but the destination is new`)
  const named = JSON.stringify(failure.context)
  const unnamed = unfinished.filter((name) => !named.includes(name))
  if (unnamed.length > 0) problems.push(`${failure.code} leaves ${unnamed.length} behind without naming it`)
  return unfinished.length > 0 && failure.code !== 'OUTCOME_UNKNOWN'
    ? `${failure.code}, names the upload`
    : failure.code
}

/** The options of the transfer, and the milliseconds in which it must settle. */
export interface Manner {
  readonly options: TransferOptions
  readonly bound: number
}

function mannerOf({ row, peer, mode, section }: Cell): Manner {
  const fault = row.fault(peer, mode)
  const options = {
    ...(fault.type === 'outage' && mode === 'once' ? stubborn : quick),
    ...(row.verify && { verify: row.verify }),
  }
  const throttled = fault.type === 'status' && fault.headers !== undefined
  const { commits = false } = sectionOf(section)
  return { options, bound: boundOf(options, commits, throttled ? retryAfterMs : 0) }
}

/** What an abort needs: a transfer that has begun its upload and fails for good. */
function failLater(to: End): void {
  to.server!.misbehave({
    when: { operation: 'UploadPart', nth: 2 },
    times: Number.POSITIVE_INFINITY,
    fault: { type: 'status', status: 403, code: 'AccessDenied' },
  })
}

async function ended(work: Promise<unknown>, limit: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, limit, 'hangs')
  })
  const settling = work.then(
    () => undefined,
    (error: unknown) => error ?? new Error('rejected with nothing'),
  )
  try {
    return await Promise.race([settling, late])
  } finally {
    clearTimeout(timer)
  }
}
