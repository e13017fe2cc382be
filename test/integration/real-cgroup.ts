import { describe } from 'vitest'
import { cgroupAvailable } from '../support/cgroup'

/**
 * Tests that run commands under a memory limit. Where the machine cannot make cgroups they are reported as skipped,
 * with the reason in their name; on CI that is a failure.
 */
export function describeWithCgroup(name: string, define: () => void): void {
  const unavailable = cgroupAvailable()
  if (!unavailable) describe(name, define)
  else if (process.env.CI) throw new Error(`these tests need memory cgroups: ${unavailable}`)
  else describe.skip(`${name} (no memory cgroup here: ${unavailable})`, define)
}
