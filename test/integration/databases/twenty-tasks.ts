import { createLifecycle, type Resource } from 'sluiceway'
import { expect } from 'vitest'

/** What came of a query: `'ok'`, or what its error is called. */
export const outcome = (query: Promise<unknown>): Promise<string> =>
  query.then(
    () => 'ok',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  )

/** Twenty tasks start after the idle connections of a pool were lost, and the first query of each must work. */
export async function expectTwentyOk<C>(
  pool: Resource<C>,
  lose: () => Promise<unknown>,
  query: () => Promise<unknown>,
  options?: Parameters<typeof createLifecycle>[0],
): Promise<void> {
  const lifecycle = createLifecycle(options)
  lifecycle.register(pool)
  const outcomes: string[] = []
  for (let nth = 0; nth < 20; nth += 1) {
    await lose()
    await lifecycle.onTaskStart()
    outcomes.push(await outcome(query()))
  }
  expect(outcomes).toEqual(Array(20).fill('ok'))
}
