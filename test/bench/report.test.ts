import { expect, it } from 'vitest'
import { markdown, median, ratio } from './report'

const sample = (cpu: number) => ({ cpu, wall: 2 * cpu, peak: 50 })

it('takes the middle, or the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
})

it('compares round by round, so that a slow round does not count', () => {
  const ours = [sample(1), sample(10), sample(1)]
  const theirs = [sample(2), sample(20), sample(4)]
  expect(ratio('cpu', ours, theirs)).toBe(0.5)
})

it('shows seconds for each GiB', () => {
  const table = markdown({
    heading: 'S3 to COS',
    baseline: 'theirs',
    per: { count: 2, unit: 'GiB' },
    samples: { theirs: [sample(2), sample(6)], ours: [sample(1), sample(3)] },
  })
  expect(table).toContain('| client | CPU s/GiB |')
  expect(table).toContain('| ours | 1.00 (0.50–1.50) | 0.50 | 2.00 (1.00–3.00) | 0.50 | 50 (50–50) |')
})
