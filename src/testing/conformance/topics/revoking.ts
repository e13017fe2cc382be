import { type ConformanceTest, type Topic, test } from '../test'
import { pattern } from '../tools/pattern'

const needs: ConformanceTest['needs'] = ['revoke']

export const revoking: Topic = {
  name: 'revoked commits',
  tests: [
    test(
      'a revoked commit is gone',
      async (bench) => {
        const bytes = pattern(bench.partSize + 1)
        const session = await bench.begin('revoked', { size: bytes.length })
        const committed = await session.commit(await bench.send(session, bytes))
        await session.revoke!(committed)
        await bench.hidden('revoked')
        await bench.settles('the second revoke', session.revoke!(committed))
      },
      needs,
    ),

    test(
      'a revoke leaves alone what was written since',
      async (bench) => {
        const [old, young] = [pattern(bench.partSize + 1, 1), pattern(bench.partSize + 1, 2)]
        const session = await bench.begin('kept', { size: old.length })
        const committed = await session.commit(await bench.send(session, old))
        await bench.replace('kept', young)
        await session.revoke!(committed).catch((error: unknown) =>
          bench.rejects('revoke', Promise.reject(error)),
        )
        await bench.holds('kept', young)
      },
      needs,
    ),
  ],
}
