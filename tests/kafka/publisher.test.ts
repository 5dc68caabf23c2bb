import { expect, test } from 'vitest'

import type { GroupOffset, OutRecord } from '../../pipeline/kafka/client/client.ts'
import { packed, unpacked, type RecordSet } from '../../pipeline/kafka/client/packed.ts'
import { Exchange } from '../../pipeline/kafka/exchange.ts'
import { Outbox, type Entry } from '../../pipeline/kafka/outbox.ts'
import type { Outputs } from '../../pipeline/kafka/outputs.ts'
import { start, type Role } from '../../pipeline/kafka/position.ts'
import { progressOf, Publisher, type Delivery } from '../../pipeline/kafka/publisher.ts'
import { MemoryStore } from '../../pipeline/store/memory.ts'
import { kel } from '../boundary/kel.ts'
import { addon, settled, topicsOf } from '../support/fleet.ts'

const roles: Readonly<Record<Role, string>> = { input: 'in', exchange: 'exchange' }
const storeId = '00000000-0000-4000-8000-000000000000'

const record = (key: string): OutRecord => ({
  topic: 'out',
  partition: 0,
  key,
  value: Buffer.from(key),
  headers: {},
})

/** An entry of one record, larger than what goes into one transaction with others. */
const entry = (sequence: bigint): Entry => ({
  sequence,
  sets: packed([record(`${sequence}`)]),
  records: 1,
  bytes: 101,
  positions: new Map([['input', { offset: sequence, skip: 0 }]]),
})

/** What each transaction published, by key, and up to which entry it says that all is. */
interface Sent {
  readonly keys: readonly string[]
  readonly sequence: bigint
}

const sentOf = (sets: readonly RecordSet[], [offset]: readonly GroupOffset[]): Sent => ({
  keys: sets.flatMap((set) => Array.from(unpacked(set), ({ value }) => Buffer.from(value ?? []).toString())),
  sequence: progressOf(offset?.metadata ?? '')?.sequence ?? -1n,
})

function publisher(delivery: Delivery, unsent: readonly Entry[], closeMs = 60_000): Publisher {
  const last = unsent.at(-1)?.sequence ?? 0n
  const outbox = new Outbox({} as Outputs, last, 0n, new Map([['input', start]]), false)
  return new Publisher(
    {
      outbox,
      delivery,
      topics: roles,
      partition: 0,
      storeId,
      bytesMax: 1000,
      bytesPerTransaction: 100,
      retryMs: 1,
      retryMsMax: 1,
      closeMs,
      sent: () => undefined,
      failed: () => undefined,
    },
    unsent,
  )
}

test('nothing is sent again before it is known how far a failed transaction came', async () => {
  const published: Sent[] = []
  let answers = 0
  const delivery: Delivery = {
    send: async (sets, offsets) => {
      published.push(sentOf(sets, offsets))
      if (published.length === 1) throw new Error('the answer to the commit is lost')
    },
    recover: async () => {
      answers += 1
      if (answers === 1) throw new Error('the coordinator of the group is loading')
      return published.at(-1)?.sequence
    },
  }
  await publisher(delivery, [entry(1n), entry(2n)]).begin()
  expect(published.flatMap(({ keys }) => keys)).toEqual(['1', '2'])
  expect(answers).toBe(2)
})

// The brokers fail once, at the moment at which the publisher is closed.
test.each([
  { closeMs: 60_000, what: 'is sent all the same', left: 0, keys: ['1', '2'] },
  { closeMs: -1, what: 'stays where it is if there is no time for it', left: 2, keys: [] },
])('what fails while a publisher is closed $what', async ({ closeMs, left, keys }) => {
  const published: Sent[] = []
  let closed: Promise<void> | undefined
  const delivery: Delivery = {
    send: async (sets, offsets) => {
      if (sets.length === 0) return
      if (closed) published.push(sentOf(sets, offsets))
      else {
        closed = closing.close()
        throw new Error('the coordinator of the group is loading')
      }
    },
    recover: async () => 0n,
  }
  const closing = publisher(delivery, [entry(1n), entry(2n)], closeMs)
  await closing.begin().catch(() => undefined)
  await closed
  expect(published.flatMap((sent) => sent.keys)).toEqual(keys)
  expect(closing.depth.records).toBe(left)
})

test('what goes first when a partition is taken over does not count for what follows', async () => {
  const published: Sent[] = []
  const delivery: Delivery = {
    send: async (sets, offsets) => {
      published.push(sentOf(sets, offsets))
    },
    recover: async () => 0n,
  }
  await publisher(delivery, [entry(1n), entry(2n)]).begin([record('gone')])
  const sent = new Set(['0'])
  for (const { keys, sequence } of published) {
    for (const key of keys) sent.add(key)
    for (let each = 0n; each <= sequence; each += 1n) expect([...sent]).toContain(`${each}`)
  }
  expect(published[0]?.keys[0]).toBe('gone')
  expect(published.at(-1)?.sequence).toBe(2n)
})

test('what goes first when a partition is taken over is sent, also if the first transaction fails', async () => {
  const published: Sent[] = []
  let failures = 1
  const delivery: Delivery = {
    send: async (sets, offsets) => {
      if (failures-- > 0) throw new Error('the coordinator of the group is loading')
      published.push(sentOf(sets, offsets))
    },
    recover: async () => 0n,
  }
  await publisher(delivery, [entry(1n)]).begin([record('first')])
  expect(published.flatMap(({ keys }) => keys)).toEqual(['first', '1'])
})

test('who takes over a copy asks again for the logs that have not come', async () => {
  const here = kel(5, 2)
  const there = kel(6, 2).aid
  const context = {
    addon,
    topics: topicsOf('asked'),
    partition: 0,
    partitions: 1000,
    letterBytesMax: 1000,
    recordBytesMax: 1000,
    requestBytesOf: () => 1000,
    keyed: true,
  }
  const copy = new Exchange({ ...context, store: new MemoryStore(2 ** 20) })
  const asked = copy.interests([here.aid, there])
  const store = (await settled(Buffer.concat(here.messages))) as MemoryStore
  await store.commit(undefined, new Map(copy.records()))
  expect(new Exchange({ ...context, store }).reminders()).toEqual(
    asked.filter(({ headers }) => headers['aid'] === there),
  )
})
