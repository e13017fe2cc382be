import { TransferError } from '../../contract/errors'
import type { TransferQueue } from './job'

/** A client of BullMQ 6, or the ioredis client of BullMQ 5, whose commands are its methods. */
interface ScriptClient {
  defineCommand(name: string, script: { numberOfKeys: number; lua: string }): void
  runCommand?(name: string, args: readonly Argument[]): Promise<unknown>
}

type Argument = string | number

/** All take the keys of the job and of its lock; in a cluster BullMQ keeps them in one slot. */
const keys = 2

/**
 * `KEYS[2]` holds the token of whoever may work on the job. It is looked at in the same step in which something is
 * changed: between a look and a later change a process may freeze until the lock is another's.
 */
const scripts = {
  /** ARGV: token, milliseconds. Gives 1 where the lock is held, which then stands for so long at least. */
  sluicewayHold: `
    if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
    local left = redis.call('PTTL', KEYS[2])
    if left >= 0 and left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
    return 1`,
  /** ARGV: token, field. Gives whether the lock is held, and the field. */
  sluicewayLoad: `
    local held = 0
    if redis.call('GET', KEYS[2]) == ARGV[1] then held = 1 end
    return { held, redis.call('HGET', KEYS[1], ARGV[2]) }`,
  /** ARGV: token, field, value. A job that was removed is not brought back by half. */
  sluicewaySave: `
    if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
    if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
    redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
    return 1`,
  /** ARGV: token, field. */
  sluicewayDelete: `
    if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
    redis.call('HDEL', KEYS[1], ARGV[2])
    return 1`,
  /** ARGV: field. For a job that is finished: whoever has taken it up again needs the field. */
  sluicewayForget: `
    if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
    return redis.call('HDEL', KEYS[1], ARGV[1])`,
}

const prepared = new WeakSet<object>()

/** Runs one of the scripts in the Redis of the queue, by the queue's own connection. */
export async function runScript(
  queue: TransferQueue,
  name: keyof typeof scripts,
  jobId: string,
  ...args: readonly Argument[]
): Promise<unknown> {
  const client = await clientOf(queue)
  if (!prepared.has(client)) {
    for (const [each, lua] of Object.entries(scripts)) client.defineCommand(each, { numberOfKeys: keys, lua })
    prepared.add(client)
  }
  const job = queue.toKey(jobId)
  const all = [job, `${job}:lock`, ...args]
  if (client.runCommand) return client.runCommand(name, all)
  const commands = client as unknown as Record<string, (args: readonly Argument[]) => Promise<unknown>>
  return commands[name]!(all)
}

/** @throws UNSUPPORTED where the queue is not in Redis */
export async function clientOf(queue: TransferQueue): Promise<ScriptClient> {
  // BullMQ 6 has it behind its backend, BullMQ 5 in the queue itself.
  const { backend, client } = queue as { backend?: { client?: unknown }; client?: unknown }
  const found = (await (backend?.client ?? client)) as ScriptClient | undefined
  if (typeof found?.defineCommand === 'function') return found
  const message =
    'The checkpoint and the lock of a job are looked after in Redis, and this queue has no Redis connection. ' +
    'In another backend run transfer() yourself, with a checkpoint store of your own.'
  throw new TransferError('UNSUPPORTED', message, { context: { queue: queue.name } })
}
