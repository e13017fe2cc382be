import fc from 'fast-check'
import type { Destination } from './destination'
import { play } from './play'
import { type ScenarioOptions, type Setup, scenarios } from './scenario'
import { startVirtualTime, stopVirtualTime } from './virtual-time'

export interface Checked extends ScenarioOptions {
  /** Scenarios to play. */
  readonly runs: number
  readonly create: (setup: Setup) => Destination
  /** Whether objects at the destination have a content type. */
  readonly carriesAttributes: boolean
}

/**
 * Plays so many scenarios. A failure names the smallest one found, and how to play it again: `MODEL_SEED` and
 * `MODEL_PATH` replay it, `MODEL_RUNS` sets how many are played.
 */
export async function check({ runs, create, carriesAttributes, ...options }: Checked): Promise<void> {
  const { MODEL_SEED, MODEL_PATH, MODEL_RUNS } = process.env
  const unhandled: unknown[] = []
  const listen = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', listen)
  const property = fc.asyncProperty(scenarios(options), async (scenario) => {
    startVirtualTime()
    try {
      await play(scenario, create, carriesAttributes)
    } finally {
      stopVirtualTime()
    }
    if (unhandled.length > 0) throw new Error(`unhandled rejection: ${unhandled.splice(0).join('; ')}`)
  })
  try {
    const details = await fc.check(property, {
      numRuns: Number(MODEL_RUNS ?? runs),
      ...(MODEL_SEED && { seed: Number(MODEL_SEED) }),
      ...(MODEL_PATH && { path: MODEL_PATH }),
    })
    if (!details.failed) return
    const replay = `MODEL_SEED=${details.seed} MODEL_PATH=${details.counterexamplePath}`
    const { message } = details.errorInstance as Error
    const smallest = JSON.stringify(details.counterexample?.[0], undefined, 1)
    throw new Error(`Scenario ${details.numRuns} went wrong; play it with ${replay}\n${message}\n${smallest}`)
  } finally {
    process.off('unhandledRejection', listen)
  }
}
