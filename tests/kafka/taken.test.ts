import { expect, test } from 'vitest'

import { engineOptions, standardRules } from '../../pipeline/commands/options.ts'
import type { LogRecord } from '../../pipeline/kafka/client/client.ts'
import { cut, grouped, keyIn, positionIn } from '../../pipeline/kafka/taken.ts'
import { kel } from '../boundary/kel.ts'
import { addon } from '../support/fleet.ts'

const framer = addon.recordFramer(engineOptions(standardRules), true)
const { aid, messages } = kel(4, 3)

/** Records as a fetch brings them: keys and values side by side in one buffer. */
function fetched(values: readonly Uint8Array[], key: string): LogRecord[] {
  const buffer = Buffer.concat(values.flatMap((value) => [Buffer.from(key), value]))
  let at = 0
  const next = (length: number): Uint8Array => buffer.subarray(at, (at += length))
  return values.map((value, index) => ({
    offset: BigInt(index),
    key: next(key.length),
    value: next(value.length),
    headers: {},
  }))
}

test('records stay where they lie, and a place in them is an offset and bytes of its value', () => {
  const records = fetched(messages, aid)
  const taken = cut(framer, records, { skip: 0, unfit: () => undefined })
  expect(taken.view.buffer).toBe(records[0]?.value?.buffer)
  expect(taken.spans).toHaveLength(3 * 4)
  const second = taken.places[4 + 2] ?? 0
  expect(positionIn(taken, second)).toEqual({ offset: 1n, skip: 0 })
  expect(positionIn(taken, second + 10)).toEqual({ offset: 1n, skip: 10 })
  expect(positionIn(taken, taken.view.length)).toEqual({ offset: 3n, skip: 0 })
  expect(Buffer.from(keyIn(taken, second) ?? []).toString()).toBe(aid)
})

test('records that lie in several buffers, or in no order, are taken all the same', () => {
  const apart = messages.map((value, index) => ({
    offset: BigInt(index),
    key: Buffer.from(aid),
    value: new Uint8Array(value),
    headers: {},
  }))
  expect([...grouped(apart, 1_000_000)]).toHaveLength(3)
  for (const group of [apart, fetched(messages, aid).toReversed()])
    expect(cut(framer, group, { skip: 0, unfit: () => undefined }).spans).toHaveLength(3 * 4)
})

test('more records than a call can take arguments are taken', () => {
  const empty = Array.from({ length: 300_000 }, () => new Uint8Array(0))
  const taken = cut(framer, fetched(empty, ''), { skip: 0, unfit: () => 'empty' })
  expect(taken.refused).toHaveLength(empty.length)
})
