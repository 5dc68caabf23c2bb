import { expect, test } from 'vitest'

import { Tally } from './meter.ts'
import { batchOf } from './testing/fakes.ts'

const retried = { message: undefined }

test('counts every message once, where it stands: one that waited is moved when it comes to something', () => {
  const tally = new Tally()
  tally.addVerdicts(
    batchOf([
      { verdict: 'accepted' },
      { verdict: 'escrowed', reason: 'out-of-order', said: 'second' },
      { verdict: 'escrowed', reason: 'out-of-order', said: 'third' },
      { verdict: 'rejected', reason: 'keri/said' },
      { verdict: 'checked' },
      { verdict: 'duplicate' },
    ]),
  )
  expect([...tally.escrowed]).toEqual([['out-of-order', 2]])
  expect(tally.messages).toBe(6)
  tally.addVerdicts(
    batchOf([
      { ...retried, verdict: 'accepted', said: 'second' },
      { ...retried, verdict: 'rejected', reason: 'keri/prior-digest', said: 'third' },
    ]),
  )
  expect(tally).toMatchObject({
    accepted: 2,
    duplicate: 1,
    checked: 1,
    duplicity: false,
    messages: 6,
    woken: 0,
  })
  expect([...tally.escrowed]).toEqual([])
  expect([...tally.rejected]).toEqual([
    ['keri/said', 1],
    ['keri/prior-digest', 1],
  ])
})

test('an event that came three times while it waited is one acceptance and two duplicates', () => {
  const tally = new Tally()
  const waits = { verdict: 'escrowed', reason: 'partial-witness', said: 'E' } as const
  tally.addVerdicts(batchOf([{ ...waits, reason: 'out-of-order' }, waits, waits]))
  expect([...tally.escrowed]).toEqual([['partial-witness', 3]])
  tally.addVerdicts(batchOf([{ ...retried, verdict: 'accepted', said: 'E' }]))
  expect(tally).toMatchObject({ accepted: 1, duplicate: 2, messages: 3 })
})

test('receipts of one event are messages of their own', () => {
  const tally = new Tally()
  const receipt = { ilk: 'rct', said: 'E' } as const
  const waits = { ...receipt, verdict: 'escrowed', reason: 'unverified-receipt' } as const
  tally.addVerdicts(batchOf([waits, waits, waits]))
  tally.addVerdicts(batchOf([{ ...retried, ...receipt, verdict: 'accepted' }]))
  expect([...tally.escrowed]).toEqual([['unverified-receipt', 2]])
  expect(tally).toMatchObject({ accepted: 1, messages: 3 })
})

test('an entry of an earlier run is no message of this one', () => {
  const tally = new Tally()
  tally.addVerdicts(batchOf([{ ...retried, verdict: 'accepted', said: 'from before' }]))
  expect(tally).toMatchObject({ accepted: 0, woken: 1, messages: 0 })
})

test('duplicity stays seen, also when the entry leaves', () => {
  const tally = new Tally()
  tally.addVerdicts(batchOf([{ verdict: 'escrowed', reason: 'likely-duplicitous' }]))
  tally.addVerdicts(
    batchOf([{ ...retried, verdict: 'expired', reason: 'likely-duplicitous', said: 'said 0' }]),
  )
  expect(tally).toMatchObject({ duplicity: true, expired: 1 })
})
