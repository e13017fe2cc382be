import type { Destination } from './destination'
import { judge, judgeChanges, judgeReconciled, judgeRecorded } from './judge'
import { type ModelRun, startRun } from './run'
import type { RunStep, Scenario, Setup } from './scenario'
import { elapse, settle } from './virtual-time'
import { World } from './world'

/** Virtual milliseconds in which every transfer ends: with a silent peer that is 120 s. */
const limit = 120_000

/** When all is over and nobody disturbs: this one has to succeed. */
const lastRun: RunStep = {
  kind: 'run',
  faults: [],
  options: {
    partSize: 10,
    concurrency: 2,
    ifExists: 'overwrite',
    checkpoint: true,
    grace: undefined,
    onFailure: undefined,
    contentType: undefined,
  },
  seed: 1,
}

/**
 * Plays a scenario, and throws with all that was wrong in it. Needs virtual time.
 *
 * @param carriesAttributes whether objects at the destination have a content type
 */
export async function play(
  { setup, steps }: Scenario,
  createDestination: (setup: Setup) => Destination,
  carriesAttributes: boolean,
): Promise<void> {
  const world = new World(setup, createDestination(setup), carriesAttributes)
  const runs: ModelRun[] = []
  try {
    if (setup.standing !== undefined) await world.change({ kind: 'foreign', size: setup.standing })
    for (const step of steps) {
      if (step.kind === 'run') await playRun(world, step, runs)
      else await world.change(step)
      // Whoever woke up has nobody beside it now.
      if (step.kind === 'thaw') await finish(world, runs)
    }
    await world.change({ kind: 'thaw' })
    await finish(world, runs)
    await playRun(world, lastRun, runs)
    judgeChanges(world, runs)
  } catch (error) {
    world.complain(String(error))
  }
  if (world.complaints.length === 0) return
  throw new Error(`${world.complaints.join('\n')}\n\n${world.lines.join('\n')}`)
}

/** Until its store could be closed. */
async function close(world: World, { process }: ModelRun): Promise<void> {
  if (process.state === 'running')
    await elapse(Promise.race([Promise.all(process.cleanups), process.stopped]), limit)
  await settle()
  await world.journal.look(process.name)
}

/** Until it has ended, or is killed or frozen. */
async function playRun(world: World, step: RunStep, runs: ModelRun[]): Promise<void> {
  const run = await startRun(world, step, `run ${runs.length + 1}`)
  const others = runs.filter(({ outcome, process }) => !outcome && process.state !== 'dead')
  const savesBefore = world.checkpoints.savedBy.length
  runs.push(run)
  await elapse(Promise.race([run.done, run.process.stopped]), limit)
  await world.quiet()
  await close(world, run)
  if (run.process.state === 'frozen') world.frozen.push(run.process)
  if (others.some(({ process }) => process.state === 'running')) run.disturbed = true
  // A save that was under way when its process froze may land over those of its successor.
  const saves = world.checkpoints.savedBy.slice(savesBefore)
  if (saves.some((name) => name !== run.process.name)) run.disturbed = true
  judgeRecorded(world, run)
  await judge(world, run)
  if (run.process.state === 'running') await judgeReconciled(world, run)
}

/** Lets those that were frozen come to their end. */
async function finish(world: World, runs: readonly ModelRun[]): Promise<void> {
  for (const run of runs) {
    if (run.outcome || run.process.state !== 'running') continue
    run.disturbed = true
    await elapse(Promise.race([run.done, run.process.stopped]), limit)
    await close(world, run)
    await judge(world, run)
  }
}
