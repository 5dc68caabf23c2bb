import { expect, test, vi } from 'vitest'

import { StoreClock } from './clock.ts'

test('the time of a store never goes back, not even over a restart', () => {
  vi.useFakeTimers({ now: 2_000 })
  const clock = new StoreClock(undefined)
  expect(clock.now()).toBe(2_000_000n)
  vi.setSystemTime(1_000)
  expect(clock.now()).toBe(2_000_000n)
  const [, record] = clock.record()
  expect(new StoreClock(record).now()).toBe(2_000_000n)
  vi.setSystemTime(3_000)
  expect(clock.now()).toBe(3_000_000n)
  vi.useRealTimers()
})
