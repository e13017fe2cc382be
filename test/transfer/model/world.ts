import type { Destination } from './destination'
import { foreign, Journal } from './journal'
import { ModelCheckpoints } from './model-checkpoints'
import { Versions } from './model-source'
import type { ModelProcess } from './process'
import type { ModelRun } from './run'
import type { Change, Setup } from './scenario'
import { inRealTime } from './virtual-time'

/** All that outlives a process: the source, the destination with its sessions, the checkpoint. */
export class World {
  readonly versions: Versions
  readonly checkpoints = new ModelCheckpoints((text) => this.complain(text))
  readonly journal: Journal
  /** What happened, for whoever has to understand a failure. */
  readonly lines: string[] = []
  readonly complaints: string[] = []
  /** Processes that may still wake up. */
  frozen: ModelProcess[] = []
  #background: Promise<unknown> = Promise.resolve()

  constructor(
    readonly setup: Setup,
    readonly destination: Destination,
    /** Whether objects at the destination have a content type. */
    readonly carriesAttributes: boolean,
  ) {
    this.versions = new Versions(setup.size)
    this.journal = new Journal(destination)
  }

  complain(text: string): void {
    this.complaints.push(text)
    this.trace(`WRONG: ${text}`)
  }

  readonly trace = (line: string): void => {
    this.lines.push(line)
  }

  /** A change in the middle of a run goes on beside it. */
  inBackground(work: Promise<unknown>): void {
    this.#background = Promise.all([this.#background, inRealTime(() => work)])
  }

  async quiet(): Promise<void> {
    await this.#background
  }

  /** @param by whose doings may not have been noted yet */
  async change(change: Change, by = 'unknown'): Promise<void> {
    this.trace(`the world: ${JSON.stringify(change)}`)
    switch (change.kind) {
      case 'source':
        return this.versions.change(change.size)
      case 'rewrite':
        return this.versions.change(this.versions.current.bytes.length)
      case 'harm':
        if (this.destination.trustsWriters && this.frozen.length > 0) return
        return this.destination.harmPart(change.index, change.how)
      case 'lose-sessions':
        return this.destination.loseSessions()
      case 'checkpoint':
        return this.#changeCheckpoint(change.how)
      case 'foreign':
        this.journal.note(by, await this.destination.put(foreign(change.size)))
        return this.journal.look(by)
      case 'thaw':
        for (const process of this.frozen) process.thaw()
        this.frozen = []
    }
  }

  #changeCheckpoint(how: 'drop' | 'older' | 'garbage'): void {
    if (how === 'drop') this.checkpoints.current = undefined
    else if (how === 'older') this.checkpoints.current = this.checkpoints.older(1)
    else this.checkpoints.current = '{"format":1,"revision":'
  }

  async snapshot(): Promise<ModelRun['before']> {
    await this.journal.look('unknown')
    const checkpoint = this.checkpoints.decoded
    const intact: number[] = []
    for (const { index, size } of checkpoint?.parts ?? []) {
      const start = index * checkpoint!.partSize
      const sent = this.versions.current.bytes.subarray(start, start + size)
      const session = this.destination.sessionOf(checkpoint!.session)
      if (await this.destination.holds(session, { index, start, size }, sent)) intact.push(index)
    }
    return {
      version: this.versions.all.length - 1,
      changes: this.journal.changes.length,
      standing: (await this.destination.look())?.bytes,
      checkpoint,
      sessions: await this.destination.sessions(),
      intact,
    }
  }
}
