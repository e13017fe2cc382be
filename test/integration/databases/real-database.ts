import { afterAll, beforeAll, describe } from 'vitest'
import { install, type Programs, unavailable } from '../packages'
import type { DatabaseServer } from './server-process'

export interface Database extends Programs {
  readonly name: string
  start(): Promise<DatabaseServer>
}

/**
 * Tests that need a real database server; each call starts one. Where the machine cannot run one they are reported as
 * skipped, with the reason in their name; on CI that is a failure.
 */
export async function describeWith(
  database: Database,
  name: string,
  define: (server: () => DatabaseServer) => void,
): Promise<void> {
  const reason = await unavailable(database)
  if (reason) {
    if (process.env.CI) throw new Error(`these tests need a real ${database.name}: ${reason}`)
    describe.skip(`${name} (no ${database.name} here: ${reason})`, () => define(absent))
    return
  }
  describe(name, () => {
    let server: DatabaseServer | undefined
    beforeAll(async () => {
      await install(database)
      server = await database.start()
    })
    afterAll(() => server?.stop())
    define(() => server ?? absent())
  })
}

function absent(): never {
  throw new Error('the database has not been started')
}
