import { AsyncLocalStorage } from 'node:async_hooks'
import { TransferError } from '../contract/errors'
import type { Bytes } from '../contract/source'
import { shared } from './shared'

/** A task under way, and the bodies that were opened in it and not yet read to their end. */
interface Task {
  ended: boolean
  /** Each frees one body. */
  readonly bodies: Set<() => void>
}

/** One for all copies of this module, so that a body opened through any of them finds its task. */
interface Tasks {
  storage?: AsyncLocalStorage<Task>
  running: number
}

const tasks = () => shared<Tasks>('tasks', () => ({ running: 0 }))

/**
 * Runs `fn` as a task, and frees at its end the bodies that were opened in it.
 *
 * The AsyncLocalStorage is made by the first task and put out of use by the last one to end: before Node 24 it makes
 * every promise of the process dearer.
 */
export async function runTask<T>(fn: () => T | PromiseLike<T>): Promise<T> {
  const all = tasks()
  all.storage ??= new AsyncLocalStorage()
  all.running += 1
  const task: Task = { ended: false, bodies: new Set() }
  try {
    return await all.storage.run(task, async () => fn())
  } finally {
    endTask(task)
    all.running -= 1
    if (all.running === 0) all.storage.disable()
  }
}

/** Frees the bodies of the task in which this is called, if any. */
export function freeBodies(): void {
  const task = tasks().storage?.getStore()
  for (const free of task?.bodies ?? []) free()
}

/**
 * The same bytes, freed with the task in which this is called, if any. Whoever still reads them then gets an error: a
 * clean end would pass for that of the object.
 */
export function ofTask(bytes: Bytes): Bytes {
  const task = tasks().storage?.getStore()
  if (!task || task.ended) return bytes
  const { bodies } = task
  const iterator = bytes[Symbol.asyncIterator]()
  let freed = false
  const free = () => {
    freed = true
    forget()
    void (async () => iterator.return?.())().catch(() => {})
  }
  const forget = () => void bodies.delete(free)
  bodies.add(free)

  async function next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      const step = freed ? undefined : await iterator.next()
      if (!step || freed) throw endedTask()
      if (step.done) forget()
      return step
    } catch (error) {
      forget()
      throw error
    }
  }

  const owned: AsyncIterator<Uint8Array, undefined> = {
    next,
    async return() {
      forget()
      await iterator.return?.()
      return { done: true, value: undefined }
    },
  }
  return { [Symbol.asyncIterator]: () => owned }
}

function endTask(task: Task): void {
  task.ended = true
  for (const free of task.bodies) free()
}

function endedTask(): TransferError {
  const message = 'The task that opened this body has ended. Read it before, or open it outside the task.'
  return new TransferError('ABORTED', message)
}
