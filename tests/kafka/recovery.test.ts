import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import type { LogRecord } from '../../pipeline/kafka/client/client.ts'
import { limits } from '../../pipeline/limits.ts'
import { openStore, type DiskStore } from '../../pipeline/store/lmdb.ts'
import { canBroker } from '../support/broker.ts'
import { attached, Controller } from '../support/controller.ts'
import { apart, eventsOf, reached, same, saidOf, sinceOf, suiteFields, text } from '../support/fields.ts'
import { generated, type Keyed } from '../support/fleet.ts'

/** How long a commit waits for another one that does not come. */
const lagMs = 50

/** A store of which each commit begins when the next one is asked for. */
function lagging(store: DiskStore): DiskStore {
  let begin = (): void => undefined
  return Object.assign(Object.create(store) as DiskStore, {
    commit: async (...what: Parameters<DiskStore['commit']>) => {
      begin()
      await Promise.race([new Promise<void>((resolve) => (begin = resolve)), setTimeout(lagMs)])
      await store.commit(...what)
    },
    fetch: (requests: Parameters<DiskStore['fetch']>[0]) => store.fetch(requests),
    get: (...what: Parameters<DiskStore['get']>) => store.get(...what),
    scan: (...what: Parameters<DiskStore['scan']>) => store.scan(...what),
    count: (table: Parameters<DiskStore['count']>[0]) => store.count(table),
    stats: () => store.stats(),
    close: async () => store.close(),
  })
}

/** Logs that take turns, out of order and with losses. */
const troubled = { aids: 50, interleave: 50, shuffle: 20, drop: 20_000 }

describe.skipIf(!canBroker)('partitions that are taken over', { timeout: 180_000 }, () => {
  const within = suiteFields('recovery')

  test('a partition without its database is made anew from what was published, and goes on', async () =>
    within('moved', 2, async (field) => {
      const shapes = ['single', 'multisig', 'witnessed', 'delegated', 'receipted', 'duplicitous', 'waiting']
      const messages = await generated({ ...troubled, shapes, seed: 4 })
      const half = messages.length >> 1
      await field.send(messages.slice(0, half))
      const before = await field.alone(messages.slice(0, half))
      const first = await field.worker('a')
      await reached(async () => (await field.hasRead()) && same(await field.digestsOf(first), before))
      const since = sinceOf(field, first)
      expect(since.length).toBeGreaterThan(5)
      await first.stop()
      expect(await field.digests(() => 'a')).toEqual(before)
      const published = await field.records(field.topics.accepted)
      const second = await field.worker('b')
      await reached(async () => second.worker.status.partitions.size === 2 && second.ready())
      expect(await field.digestsOf(second)).toEqual(before)
      expect(sinceOf(field, second)).toEqual(since)
      const shown = (records: readonly LogRecord[][]): string[][] =>
        records.map((each) =>
          each.map(({ offset, key, headers }) => `${offset} ${text(key)} ${JSON.stringify(headers)}`),
        )
      expect(shown(await field.records(field.topics.accepted))).toEqual(shown(published))
      await field.send(messages.slice(half))
      const expected = await field.alone(messages)
      await reached(async () => (await field.hasRead()) && same(await field.digestsOf(second), expected))
      const rebuilt = [...second.worker.status.partitions.values()].map((status) => status.rebuilt)
      await second.stop()
      expect(await field.digests(() => 'b')).toEqual(expected)
      for (const progress of rebuilt) expect(progress?.read).toBe(progress?.total)
      const events = eventsOf(await field.records(field.topics.accepted))
      expect(new Set(events).size).toBe(events.length)
    }))

  // Goal: the state and what is published agree whatever an event's size. Method: a message that no record of the input
  // could hold, in a stream.
  test('an event larger than records of the input is published whole, and there after a rebuild', async () =>
    within('large', 1, async (field) => {
      const controller = new Controller('large')
      const seals = Array.from({ length: 8_700 }, () => controller.inception)
      const events = [controller.inception, controller.interact(...seals)]
      const [messages, [begun]] = [events, [controller.interact()]].map((some) =>
        some.map((event) => ({ aid: event.aid, bytes: attached(event, event.sigs(0)) })),
      ) as [Keyed[], [Keyed]]
      const large = messages[1]?.bytes ?? new Uint8Array(0)
      expect(large.length).toBeGreaterThan(limits.kafkaRecordBytes)
      // In a stream a message ends where the next one begins.
      const stream = Buffer.concat([...messages, begun].map(({ bytes }) => bytes))
      await field.sendRecords(
        Array.from({ length: 3 }, (_, index) => ({
          topic: field.topics.input,
          partition: 0,
          key: undefined,
          value: stream.subarray((index * stream.length) / 3, ((index + 1) * stream.length) / 3),
          headers: {},
        })),
      )
      const expected = await field.alone(messages)
      for (const name of ['a', 'b']) {
        const running = await field.worker(name, { keyed: false })
        await reached(async () => same(await field.digestsOf(running), expected))
        await running.stop()
        const accepted = await field.records(field.topics.accepted)
        expect(eventsOf(accepted)).toEqual(events.map(({ said }) => said))
        expect(text(accepted[0]?.[1]?.value)).toBe(text(large))
      }
      expect((await field.records(field.topics.deadLetters)).flat()).toEqual([])
    }))

  // Goal: what is attached to an event is published, however late the event gets to the disk. Method: each commit waits for
  // the next one, so that an event is not on disk yet when its receipt is looked at.
  test('receipts of events that are still on their way to the disk are published', async () =>
    within('under-way', 1, async (field) => {
      const messages = await generated({ aids: 6, shapes: ['receipted'], events: 6, interleave: 1, seed: 2 })
      const expected = await field.alone(messages)
      await field.send(messages)
      const first = await field.worker('a', {
        limits: { ...limits, kafkaBatchBytes: 1 },
        openStore: async (folder) => lagging(await openStore(folder)),
      })
      await reached(async () => (await field.hasRead()) && same(await field.digestsOf(first), expected))
      await first.stop()
      const second = await field.worker('b')
      await reached(async () => second.worker.status.partitions.size === 1 && second.ready())
      expect(await field.digestsOf(second)).toEqual(expected)
      await second.stop()
    }))

  // Goal: who reads evidence has both events, with all that is attached to them, however late the accepted one gets to the
  // disk. Method: as above, and all of them in one batch.
  test.each([
    ['still on their way to the disk', 'evidence-under-way', 1],
    ['of the same batch', 'evidence-at-once', limits.kafkaBatchBytes],
  ])('evidence against events %s is published with them', async (_, name, kafkaBatchBytes) =>
    within(name, 1, async (field) => {
      const controller = new Controller(name, { witnesses: 2, toad: 1 })
      const { inception } = controller
      const accepted = controller.interact()
      const one = controller.otherwise(inception, inception)
      const other = controller.otherwise(inception, accepted)
      const [sig, early, late] = [accepted.sigs(0), accepted.wigs(0), accepted.wigs(1)]
      const messages = [
        attached(inception, inception.sigs(0), inception.wigs(0)),
        attached(accepted, sig, early),
        attached(one, one.sigs(0)),
        attached(accepted, sig, late),
        attached(other, other.sigs(0)),
      ].map((bytes) => ({ aid: inception.aid, bytes }))
      await field.send(messages)
      const { stop } = await field.worker('a', {
        limits: { ...limits, kafkaBatchBytes },
        openStore: async (folder) => lagging(await openStore(folder)),
      })
      const published = async (): Promise<LogRecord[]> =>
        (await field.records(field.topics.duplicity ?? '')).flat()
      await reached(async () => (await field.hasRead()) && (await published()).length === 2)
      await stop()
      const evidence = await published()
      const shown = evidence.map(({ headers: { said, accepted: held }, value }) => ({
        said,
        held,
        value: text(value),
      }))
      expect(shown.map(({ said, held }) => [said, held])).toEqual([
        [one.said, accepted.said],
        [other.said, accepted.said],
      ])
      for (const [index, { body }] of [one, other].entries())
        for (const part of [accepted.body, sig.slice(4), early.slice(4), body])
          expect(shown[index]?.value).toContain(part)
      expect(shown[1]?.value).toContain(late.slice(4))
    }),
  )

  // Goal: what an earlier owner published is not published again, however little of the exchange it had noted as read.
  // Method: the group's offsets say that nothing of it was, as after a takeover that ends early, and that the state is lost.
  test('events that rest on logs of others are not published again when the exchange is read again', async () =>
    within('again', 2, async (field) => {
      const messages = await generated({
        aids: 30,
        shapes: ['delegated'],
        events: 6,
        interleave: 30,
        seed: 8,
      })
      const resting = messages.filter((each) => apart(field, each)).map(saidOf)
      expect(resting.length).toBeGreaterThan(5)
      const expected = await field.alone(messages)
      await field.send(messages)
      const first = await field.worker('a')
      await reached(async () => (await field.hasRead()) && same(await field.digestsOf(first), expected))
      await first.stop()
      const { input, exchange } = field.topics
      for (const partition of [0, 1]) {
        const producer = await field.client.transactional(`${input}-group-${input}-${partition}`)
        await producer.begin()
        const metadata = `${randomUUID()} 0 0`
        const end = await field.client.end(input, partition)
        await producer.offsets(`${input}-group`, [
          { topic: input, partition, offset: end, metadata },
          { topic: exchange, partition, offset: 0n, metadata },
        ])
        await producer.commit()
        await producer.close()
      }
      const second = await field.worker('b')
      await reached(async () => same(await field.digestsOf(second), expected))
      await second.stop()
      const events = eventsOf(await field.records(field.topics.accepted))
      expect(events.filter((said, at) => events.indexOf(said) !== at)).toEqual([])
      expect(events.length).toBe(new Set(messages.map(saidOf)).size)
    }))

  // Goal: taking over costs little. Method: note from where the accepted events are read when the owner is gone.
  test('a worker that keeps copies takes a partition over from where its copy has come', async () =>
    within('standby', 2, async (field) => {
      const shapes = ['single', 'multisig', 'delegated', 'receipted', 'waiting']
      const messages = await generated({ ...troubled, shapes, seed: 9 })
      const most = Math.floor(messages.length * 0.8)
      const first = await field.worker('a')
      await reached(async () => first.worker.status.partitions.size === 2 && first.ready())
      const froms: bigint[] = []
      const { client } = field
      const second = await field.worker('b', {
        standby: true,
        limits: { ...limits, kafkaCopyMs: 200 },
        client: {
          ...client,
          read: (topic, partition, from, signal) => {
            if (topic === field.topics.accepted) froms.push(from)
            return client.read(topic, partition, from, signal)
          },
        },
      })
      await reached(async () => second.worker.status.partitions.size === 1 && second.ready())
      const [theirs = -1] = first.worker.open.map(({ number }) => number)
      await field.send(messages.slice(0, most))
      const copied = async (): Promise<boolean> => {
        const end = await client.end(field.topics.accepted, theirs)
        const last = (await field.records(field.topics.accepted))[theirs]?.at(-1)?.offset ?? 0n
        return end > 1n && (second.worker.status.copies.get(theirs) ?? 0n) > last
      }
      await reached(async () => (await field.hasRead()) && (await copied()))
      const reached80 = second.worker.status.copies.get(theirs) ?? 0n
      froms.length = 0
      await first.stop()
      await field.send(messages.slice(most))
      const expected = await field.alone(messages)
      await reached(async () => (await field.hasRead()) && same(await field.digestsOf(second), expected))
      expect(froms.length).toBeGreaterThan(0)
      for (const from of froms) expect(from).toBeGreaterThanOrEqual(reached80)
      await second.stop()
      expect(await field.digests(() => 'b')).toEqual(expected)
      const events = eventsOf(await field.records(field.topics.accepted))
      expect(new Set(events).size).toBe(events.length)
    }))

  test('a worker whose database another one has overtaken does not go on with it', async () =>
    within('stale', 1, async (field) => {
      const messages = await generated({ aids: 20, events: 6, interleave: 20 })
      const third = Math.floor(messages.length / 3)
      for (const [index, name] of ['a', 'b', 'a'].entries()) {
        await field.send(messages.slice(index * third, index === 2 ? undefined : (index + 1) * third))
        const { stop } = await field.worker(name)
        await reached(async () => field.hasRead())
        await stop()
      }
      expect(await field.digests(() => 'a')).toEqual(await field.alone(messages))
      const events = eventsOf(await field.records(field.topics.accepted))
      expect(new Set(events).size).toBe(events.length)
      expect(events.length).toBe(messages.length)
    }))
})
