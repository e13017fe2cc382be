import type { Json } from '../../../src/contract/sink'
import { decodeCheckpoint } from '../../../src/resume/checkpoint'
import type { CheckpointStore } from '../../../src/resume/checkpoint-store'
import { type ModelProcess, tick } from './process'

/** The one checkpoint of a model run, outliving every process. */
export class ModelCheckpoints {
  /** JSON texts, the latest last; undefined where it was deleted. */
  readonly #history: (string | undefined)[] = [undefined]
  readonly #complain: (text: string) => void

  constructor(complain: (text: string) => void) {
    this.#complain = complain
  }

  get current(): string | undefined {
    return this.#history.at(-1)
  }

  get decoded() {
    return decodeCheckpoint(this.current)
  }

  set current(text: string | undefined) {
    this.#history.push(text)
  }

  /** What was there some changes ago. */
  older(back: number): string | undefined {
    return this.#history.at(-1 - back)
  }

  /** When the owner last changed, in ticks. */
  takenOver = 0
  /** The processes whose saves have landed, in order. */
  readonly savedBy: string[] = []

  save(process: ModelProcess, checkpoint: Json): void {
    const before = this.decoded
    this.current = JSON.stringify(checkpoint)
    const after = this.decoded
    process.owner = after?.owner
    this.savedBy.push(process.name)
    if (before?.owner !== after?.owner) this.takenOver = tick()
    if (!after) this.#complain('what was saved is no checkpoint')
    else if (before?.owner === after.owner && after.revision <= before.revision) {
      this.#complain(`the revision went from ${before.revision} to ${after.revision} under one owner`)
    }
  }
}

/** The store as one process has it. */
export function flakyCheckpoints(process: ModelProcess, checkpoints: ModelCheckpoints): CheckpointStore {
  return {
    load: () => {
      const fault = process.faults.take('loaded')
      return process.call('load', undefined, async () => {
        if (fault === 'garbage') return '{"format":1,'
        return fault === 'stale' ? checkpoints.older(2) : checkpoints.current
      })
    },
    save: (_id, checkpoint) =>
      process.call('save', undefined, async () => checkpoints.save(process, checkpoint)),
    delete: () =>
      process.call('delete', undefined, async () => {
        checkpoints.current = undefined
      }),
  }
}
