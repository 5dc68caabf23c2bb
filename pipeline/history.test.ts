import { join } from 'node:path'

import { expect, test } from 'vitest'

import { examples } from '../tests/support/cli.ts'
import { taken } from './escrow/testing/waiting.ts'
import { aidBytes, aidsOf } from './replay.ts'
import { loggedAt, logOf, stateAt } from './history.ts'

// Goal: the past is as it was. Method: at its last event each AID's state of then is its state of now.
test('the state at the last event is the key state, for logs of every kind', async () => {
  const names = ['delegated', 'recovered', 'single-key', 'weighted-multisig', 'witnessed']
  const { addon, store } = await taken(names.map((name) => join(examples, `${name}.cesr`)))
  let compared = 0
  for (const aid of aidsOf(store)) {
    const now = addon.keyState(aid, store.get('aids', aidBytes(aid)) ?? new Uint8Array(0), true)
    if (now === null) continue
    const { s, f } = JSON.parse(now) as { s: string; f: string }
    expect(stateAt(addon, store, aid, { sn: BigInt(`0x${s}`) })).toBe(now)
    expect(stateAt(addon, store, aid, { fn: Number.parseInt(f, 16) })).toBe(now)
    compared += 1
  }
  expect(compared).toBeGreaterThan(5)
})

test('before a recovery another event held at its place: by number it is gone, as first seen it is there', async () => {
  const { addon, store } = await taken([join(examples, 'recovered.cesr')])
  const [aid = ''] = aidsOf(store)
  const [superseded, rotation] = loggedAt(addon, store, aid, 2n)
  const at = (when: Parameters<typeof stateAt>[3]): unknown =>
    JSON.parse(stateAt(addon, store, aid, when) ?? '{}')
  expect(at({ sn: 2n })).toMatchObject({ d: rotation?.said, et: 'rot', s: '2' })
  expect(at({ fn: superseded?.fn ?? -1 })).toMatchObject({ d: superseded?.said, et: 'ixn', s: '2' })
  expect(at({ sn: 0n })).toMatchObject({ d: aid, et: 'icp', p: '', ee: { s: '0' } })
  const numbers = [...logOf(addon, store, aid)].map(({ fn }) => fn)
  expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, index) => index))
  expect(stateAt(addon, store, aid, { sn: 9n })).toBeUndefined()
  expect(stateAt(addon, store, aid, { fn: 9 })).toBeUndefined()
})
