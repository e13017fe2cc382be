import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runTasks } from '../../lifecycle/stale/standstill'
import { type Gateway, startGateway } from '../ceph/gateway'
import { describeWithCeph } from '../real-ceph'

/** Milliseconds after which the gateway closes a connection on which nothing comes. 65,000 by default. */
const idleLimit = 800

/** A gateway of its own, with a lower limit than those of other tests. */
async function impatientGateway(): Promise<Gateway> {
  const gateway = await startGateway({ memoryBytes: 1024 ** 3 })
  const path = join(gateway.facts.dir, 'ceph.conf')
  const conf = await readFile(path, 'utf8')
  await writeFile(path, conf.replace('= beast ', `= beast request_timeout_ms=${idleLimit} `))
  await gateway.restart()
  return gateway
}

/** Connections that a server on this machine has neither closed nor seen closed. Linux only. */
function establishedAt(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const fields = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  return fields.filter(([, address, , state]) => address?.endsWith(local) && state === '01').length
}

describeWithCeph('the idle limit of a real gateway', () => {
  it.each([
    ['fails an upload', false, 3, 'CONNECTION'],
    ['is no concern of an upload after onTaskStart', true, 20, 'ok'],
  ])('%s', async (_, hook, rounds, outcome) => {
    const gateway = await impatientGateway()
    try {
      await gateway.createBucket('bucket')
      const { credentials, endpoint } = gateway
      const port = Number(new URL(endpoint).port)
      const { outcomes, standstills } = await runTasks({
        ...{ kind: 'ceph', how: 'stopped', rounds, hook, endpoint, bucket: 'bucket', credentials },
        openConnections: () => establishedAt(port),
      })
      // A standstill of more than two seconds is noticed without the hook.
      const judged = outcomes.filter((_outcome, round) => hook || standstills[round]! < 1900)
      expect(new Set(judged)).toEqual(new Set([outcome]))
    } finally {
      await gateway.stop()
    }
  })
})
