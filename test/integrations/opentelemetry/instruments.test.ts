import { readFile } from 'node:fs/promises'
import type { Meter } from '@opentelemetry/api'
import { expect, it } from 'vitest'
import { createInstruments } from '../../../src/integrations/opentelemetry/instruments'

it('are those that the documentation lists', async () => {
  const made: string[] = []
  const record = (name: string) => void made.push(name)
  createInstruments(new Proxy({} as Meter, { get: () => record }))

  const text = await readFile(new URL('../../../docs/observability.md', import.meta.url), 'utf8')
  const [, table = ''] = /## Metrics\n\n([\s\S]*?)\n\n/.exec(text) ?? []
  const listed = [...table.matchAll(/`(sluiceway\.[\w.]+)`/g)].map(([, name]) => name)
  expect(listed.sort()).toEqual(made.sort())
})
