import { expect, test } from 'vitest'

import { ageText, columns, counted, sinceText } from './words.ts'

const now = Date.parse('2026-11-21T18:23:26Z')
const before = (seconds: number): string => new Date(now - seconds * 1000).toISOString()

test('ages are told in the largest unit of which they are a whole one', () => {
  const ages = [0, 59, 60, 3_599, 3_600, 86_399, 86_400, 700_000]
  const told = ['0 s', '59 s', '1 min', '59 min', '1 h', '23 h', '1 d', '8 d']
  expect(ages.map((seconds) => ageText(before(seconds), now))).toEqual(told)
  expect(ageText(before(-5), now), 'a clock that was set back').toBe('0 s')
  expect(sinceText('2026-11-21T18:22:26.470000+00:00', now)).toBe('2026-11-21T18:22:26Z (59 s)')
})

test('counts and columns', () => {
  expect([counted(1, 'entry', 'entries'), counted(1234, 'entry', 'entries')]).toEqual([
    '1 entry',
    '1,234 entries',
  ])
  expect(
    columns([
      ['a', 'long'],
      ['longer', 'b'],
    ]),
  ).toEqual(['a       long', 'longer  b'])
})
