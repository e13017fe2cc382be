import { beforeEach, onTestFinished } from 'vitest'
import { directReads } from '../../src/lifecycle/direct-reads'

/** For one test. */
export function setDirectReads(allowed: boolean): void {
  const setting = directReads()
  const before = setting.allowed
  setting.allowed = allowed
  onTestFinished(() => {
    setting.allowed = before
  })
}

/** For all tests of the file, however they are run: they are about direct reads. */
export function withDirectReads(): void {
  beforeEach(() => setDirectReads(true))
}
