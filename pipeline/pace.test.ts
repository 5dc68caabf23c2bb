import { expect, test, vi } from 'vitest'

import { Pace } from './pace.ts'

const bounds = { batchBytesMin: 1_000, batchBytesMax: 8_000, batchBlockMs: 10 }

/** A step that takes so many milliseconds of a clock that stands still otherwise. */
function steps(pace: Pace, ms: number, count: number): void {
  let now = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
  for (let step = 0; step < count; step += 1) pace.timed(() => (now += ms))
  clock.mockRestore()
}

test('batches grow while steps are short, up to the limit, and shrink when one holds the loop', () => {
  const pace = new Pace(bounds)
  expect(pace.bytes).toBe(1_000)
  steps(pace, 1, 100)
  expect(pace.bytes).toBe(8_000)
  steps(pace, 50, 1)
  expect(pace.bytes).toBe(4_000)
  steps(pace, 5, 100)
  expect(pace.bytes).toBe(4_000)
  steps(pace, 50, 100)
  expect(pace.bytes).toBe(1_000)
})
