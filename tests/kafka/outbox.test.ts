import { expect, test } from 'vitest'

import { verdictNames, type Row } from '../../native/batch.ts'
import { batchOf } from '../../operators/testing/fakes.ts'
import { acceptedRecord, packAccepted } from '../../pipeline/kafka/accepted.ts'
import { packed, Packer, unpacked } from '../../pipeline/kafka/client/packed.ts'
import { unsent } from '../../pipeline/kafka/outbox.ts'
import { MemoryStore } from '../../pipeline/store/memory.ts'
import { topicsOf } from '../support/fleet.ts'

test('what an earlier version left to be sent is sent as it would have been', async () => {
  const heads = [
    ['accepted', 3, 'AID \u00ff', { sn: 'a', said: 'S' }, 5],
    ['escrows', 3, null, {}, null],
    ['accepted', 3, 'other', {}, 0],
  ]
  const head = Buffer.from(JSON.stringify({ heads, places: { input: '7 2' } }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(head.length)
  const store = new MemoryStore(2 ** 20)
  const name = `kafka/outbox/${'12'.padStart(20, '0')}`
  await store.commit(undefined, new Map([[name, Buffer.concat([length, head, Buffer.from('event')])]]))
  const [entry, ...others] = unsent(store, 11n)
  expect(others).toEqual([])
  expect([entry?.sequence, entry?.records, entry?.positions.get('input')]).toEqual([
    12n,
    3,
    { offset: 7n, skip: 2 },
  ])
  const shown = entry?.sets.map((set) => [
    set.topic,
    set.partition,
    Array.from(unpacked(set), ({ key, value, headers }) => [
      key && Buffer.from(key).toString('latin1'),
      value && Buffer.from(value).toString(),
      headers,
    ]),
  ])
  expect(shown).toEqual([
    [
      'accepted',
      3,
      [
        ['AID \u00ff', 'event', { sn: 'a', said: 'S' }],
        ['other', '', {}],
      ],
    ],
    ['escrows', 3, [[undefined, undefined, {}]]],
  ])
})

test('an accepted event is the same record, whether it is made of a row or of columns', () => {
  const context = { topics: topicsOf('same'), partition: 2 }
  const value = Buffer.from('{"v":"…"}-AAB')
  const row: Partial<Row> = { verdict: verdictNames[0], aid: 'EAID', said: 'ESAID', ilk: 'rot', fn: 12n }
  const rows = [0n, 0xabcn, (1n << 100n) + 7n].map((sn) => ({ ...row, sn }))
  const verdicts = batchOf(rows)
  const packer = new Packer(() => 10_000)
  for (const index of rows.keys()) packAccepted(context, verdicts, index, value, packer)
  const made = Array.from(rows.keys(), (index) => acceptedRecord(context, verdicts.row(index), value))
  expect(packer.sets()).toEqual(packed(made))
})
