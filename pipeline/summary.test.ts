import { expect, test } from 'vitest'

import { Tally } from '../operators/meter.ts'
import { exitCodeOf, summaryOf, summaryText } from './summary.ts'

function tallyOf(changed: Partial<Tally> = {}): Tally {
  return Object.assign(new Tally(), changed)
}

test('the exit code is the first that applies of duplicity, refused, incomplete, accepted', () => {
  const rejected = new Map([['keri/said', 1]])
  const escrowed = new Map([['out-of-order', 1]])
  expect(exitCodeOf(tallyOf({ accepted: 3 }))).toBe(0)
  expect(exitCodeOf(tallyOf({ escrowed }))).toBe(4)
  expect(exitCodeOf(tallyOf({ faults: new Map([['cesr/truncated', 1]]) }))).toBe(4)
  expect(exitCodeOf(tallyOf({ escrowed, rejected }))).toBe(3)
  expect(exitCodeOf(tallyOf({ faults: new Map([['cesr/cold-start', 1]]) }))).toBe(3)
  expect(exitCodeOf(tallyOf({ escrowed, rejected, duplicity: true }))).toBe(5)
})

test('the summary has the documented form, its maps in order', () => {
  const escrowed = new Map([
    ['partial-witness', 2],
    ['out-of-order', 1],
  ])
  const tally = tallyOf({ accepted: 5, escrowed, faults: new Map([['cesr/truncated', 1]]), bytes: 1000 })
  expect(JSON.stringify(summaryOf(tally, 1.23456))).toBe(
    '{"type":"summary","accepted":5,"duplicate":0,"checked":0,"escrowed":{"out-of-order":1,"partial-witness":2},"rejected":{},"faults":1,"bytes":1000,"seconds":1.235}',
  )
})

test('in words it names what waits and what was refused, and leaves out what there was none of', () => {
  const tally = tallyOf({ accepted: 1200, rejected: new Map([['keri/said', 2]]), bytes: 5000 })
  expect(summaryText(summaryOf(tally, 2))).toBe(
    [
      '1,202 messages, 5,000 bytes in 2.00 s (601 messages/s)',
      '  accepted   1,200',
      '  refused    2: 2 keri/said',
    ].join('\n'),
  )
})
