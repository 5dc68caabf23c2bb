import { expect, test } from 'vitest'

import { Tally } from '../operators/meter.ts'
import { progressText } from './progress.ts'

test('the bar shows the share, the rate, what waits and the time left, or just the counts', () => {
  const tally = Object.assign(new Tally(), {
    accepted: 900,
    escrowed: new Map([['out-of-order', 100]]),
    bytes: 1024 * 1024,
  })
  expect(progressText(tally, 4 * 1024 * 1024, 2)).toBe(
    '██████░░░░░░░░░░░░░░░░░░ 25 %  1.0 MiB  500/s  100 waiting  6 s left',
  )
  expect(progressText(tally, undefined, 2)).toBe('1.0 MiB  500/s  100 waiting')
})
