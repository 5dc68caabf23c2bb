import { expect, test } from 'vitest'

import { Tally } from './meter.ts'
import { batchOf } from './testing/fakes.ts'

test('counts verdicts by their columns; an entry that leaves its escrow is counted once, where it ends', () => {
  const tally = new Tally()
  tally.addVerdicts(
    batchOf([
      { verdict: 'accepted' },
      { verdict: 'escrowed', reason: 'out-of-order' },
      { verdict: 'escrowed', reason: 'out-of-order' },
      { verdict: 'rejected', reason: 'keri/said' },
      { verdict: 'checked' },
      { verdict: 'duplicate' },
    ]),
  )
  expect([...tally.escrowed]).toEqual([['out-of-order', 2]])
  tally.addVerdicts(
    batchOf([
      { verdict: 'accepted', left: 'out-of-order' },
      { verdict: 'rejected', reason: 'keri/prior-digest', left: 'out-of-order' },
    ]),
  )
  expect(tally).toMatchObject({ accepted: 2, duplicate: 1, checked: 1, duplicity: false })
  expect([...tally.escrowed]).toEqual([])
  expect([...tally.rejected]).toEqual([
    ['keri/said', 1],
    ['keri/prior-digest', 1],
  ])
})

test('duplicity stays seen, also when the entry leaves', () => {
  const tally = new Tally()
  tally.addVerdicts(batchOf([{ verdict: 'escrowed', reason: 'likely-duplicitous' }]))
  tally.addVerdicts(batchOf([{ verdict: 'expired', left: 'likely-duplicitous' }]))
  expect(tally).toMatchObject({ duplicity: true, expired: 1 })
})
