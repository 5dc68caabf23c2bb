import { Command } from 'commander'
import { expect, test } from 'vitest'

import { escrowKinds } from '../../native/layout.ts'
import { engineOptions, retryIntervals, withRules, type RuleFlags } from './options.ts'

const flags = (...args: string[]): RuleFlags => {
  const command = withRules(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  return command.parse(args, { from: 'user' }).opts<RuleFlags>()
}
const escrow = (...values: string[]): RuleFlags => flags(...values.flatMap((value) => ['--escrow', value]))

test('each escrow takes a timeout, a retry interval and caps of its own', () => {
  for (const { name } of escrowKinds) {
    const rules = escrow(`${name}.timeout=60`, `${name}.entries=1000`, `${name}.bytes=0`, `${name}.retry=5`)
    expect(engineOptions(rules).limits?.kinds).toEqual({
      [name]: { timeoutSeconds: 60, entriesMax: 1000, bytesMax: 0 },
    })
    expect([...retryIntervals(rules)]).toEqual([[name, 5000]])
  }
})

test('of what waits in all, of one source, of one AID and at one place there are caps, too', () => {
  const rules = escrow(
    'all.entries=5',
    'all.bytes=6',
    'source.entries=3',
    'source.bytes=4',
    'aid.entries=2',
    'place.entries=7',
  )
  expect(engineOptions(rules).limits).toEqual({
    waitingEntriesMax: 5,
    waitingBytesMax: 6,
    waitingPerSourceEntriesMax: 3,
    waitingPerSourceBytesMax: 4,
    waitingPerAidMax: 2,
    waitingPerPlaceMax: 7,
    kinds: {},
  })
})

test('the last word counts; without any the limits are the defaults', () => {
  const rules = escrow('misfit.entries=1', 'misfit.entries=2')
  expect(engineOptions(rules).limits?.kinds).toEqual({ misfit: { entriesMax: 2 } })
  expect(engineOptions(flags()).limits).toEqual({ kinds: {} })
})

test('what is none is refused, and it is said what would be one', () => {
  const wrong = [
    'out-of-order',
    'out-of-order.timeout',
    'out-of-order.timeout=-1',
    'out-of-order.timeout=1.5',
    'lost.timeout=1',
    'out-of-order.age=1',
    'aid.bytes=1',
    'all.timeout=1',
    'source.retry=1',
    'out-of-order.retry=0',
    'out-of-order.entries=9999999999999999',
    '=',
    '',
  ]
  for (const value of wrong) expect(() => escrow(value), value).toThrow('write KIND.LIMIT=N')
})
