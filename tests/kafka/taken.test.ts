import { expect, test } from 'vitest'

import { engineOptions, standardRules } from '../../pipeline/commands/options.ts'
import { cut, grouped, keyIn, positionIn } from '../../pipeline/kafka/taken.ts'
import { kel } from '../boundary/kel.ts'
import { fetched } from '../support/batches.ts'
import { addon } from '../support/fleet.ts'

const framer = addon.recordFramer(engineOptions(standardRules), true)
const { aid, messages } = kel(4, 3)

test('records stay where they lie, and a place in them is an offset and bytes of its value', () => {
  const records = fetched(messages, aid)
  const taken = cut(framer, records, { skip: 0, unfit: () => undefined })
  expect(taken.view.buffer).toBe(records.value(0)?.buffer)
  expect(taken.spans).toHaveLength(3 * 4)
  const second = taken.places[4 + 2] ?? 0
  expect(positionIn(taken, second)).toEqual({ offset: 1n, skip: 0 })
  expect(positionIn(taken, second + 10)).toEqual({ offset: 1n, skip: 10 })
  expect(positionIn(taken, taken.view.length)).toEqual({ offset: 3n, skip: 0 })
  expect(Buffer.from(keyIn(taken, second) ?? []).toString()).toBe(aid)
})

test('records are taken in groups, some of them, and all from an offset on', () => {
  const records = fetched(messages, aid)
  const bytes = messages.map(({ length }) => length + aid.length)
  const groups = [...grouped(records, (bytes[0] ?? 0) + (bytes[1] ?? 0))]
  expect(groups.map(({ length, next }) => [length, next])).toEqual([
    [2, 2n],
    [1, 3n],
  ])
  for (const some of [records.between(1n, 2n), records.only((offset) => offset === 1n)]) {
    const { spans, view, next } = cut(framer, some, { skip: 0, unfit: () => undefined })
    expect(Buffer.from(view.subarray(spans[0], spans[2]))).toEqual(Buffer.from(messages[1] ?? []))
    expect([spans.length, next]).toEqual([4, 2n])
  }
})

test('more records than a call can take arguments are taken', () => {
  const empty = Array.from({ length: 300_000 }, () => new Uint8Array(0))
  const taken = cut(framer, fetched(empty, ''), { skip: 0, unfit: () => 'empty' })
  expect(taken.refused).toHaveLength(empty.length)
})
