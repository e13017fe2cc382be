import type { TestRunner } from '../../../src/testing/conformance'

/** A test runner that runs nothing until it is asked, and says what came of it. */
export function createRecorder() {
  const tests = new Map<string, () => Promise<void>>()
  const groups: string[] = []
  const runner: TestRunner = {
    describe(name, body) {
      groups.push(name)
      body()
    },
    it(name, test) {
      if (tests.has(name)) throw new Error(`two tests are called ${name}`)
      tests.set(name, test)
    },
  }
  return {
    runner,
    groups,
    names: () => [...tests.keys()],
    /** The error the test failed with; undefined where it passed. */
    async run(name: string): Promise<Error | undefined> {
      const test = tests.get(name)
      if (!test) throw new Error(`there is no test called ${name}`)
      return test().then(
        () => undefined,
        (error: Error) => error,
      )
    },
  }
}
