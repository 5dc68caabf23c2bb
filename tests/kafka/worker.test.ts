import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { tableNumber } from '../../native/tables.ts'
import type { Entry } from '../../pipeline/escrow/entry.ts'
import type { LogRecord } from '../../pipeline/kafka/client/client.ts'
import type { PartitionStatus } from '../../pipeline/kafka/partition.ts'
import { limits } from '../../pipeline/limits.ts'
import { kel, variant } from '../boundary/kel.ts'
import { canBroker, suiteBroker } from '../support/broker.ts'
import { addon, Field, generated, type Keyed, type Running } from '../support/fleet.ts'
import { until } from '../support/prometheus.ts'

/** For how long a sink stands still: longer than the group keeps a silent member. */
const heldSeconds = Number(process.env['KELPIPE_SLOW_SINK_SECONDS'] ?? 5)

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

/** The same records for a reader, as texts that can be compared. */
const eventsOf = (records: readonly LogRecord[][]): string[] =>
  records.flat().flatMap(({ headers: { said, late } }) => (late === undefined ? [said ?? ''] : []))

/** What waits of a partition's own AIDs, and since when. */
const sinceOf = (field: Field, { worker }: Running): string[] =>
  worker.open
    .flatMap(({ number, store }) =>
      Array.from(store?.scan('waiting') ?? [], ({ key, value }) => {
        const json = addon.record(tableNumber('waiting'), key, value) ?? '{}'
        const { aid, sn, said, type, since, kinds } = JSON.parse(json) as Entry
        return field.partitionOf(aid) === number && kinds.length > 0
          ? [`${aid} ${sn} ${type} ${said} ${since}`]
          : []
      }).flat(),
    )
    .toSorted()

/** Waits until something holds, which it has to. */
async function reached(holds: () => Promise<boolean>): Promise<void> {
  expect(await until(holds, 60_000), holds.toString()).toBe(true)
}

const saidOf = ({ bytes }: Keyed): string => /"d":"([^"]+)"/.exec(text(bytes))?.[1] ?? ''

const same = (one: readonly string[], other: readonly string[]): boolean => one.join() === other.join()

/** Whether a message needs the log of an AID of another partition: of its delegator, or of who signed a receipt. */
function apart(field: Field, { aid, bytes }: Keyed): boolean {
  const needed = /"di":"([^"]+)"|-FAB(E[\w-]{43})/.exec(text(bytes))
  const other = needed?.[1] ?? needed?.[2]
  return other !== undefined && field.partitionOf(other) !== field.partitionOf(aid)
}

describe.skipIf(!canBroker)('workers on Kafka', { timeout: 180_000 }, () => {
  const kafka = suiteBroker('kafka')
  const { folder } = kafka
  const within = async (
    name: string,
    partitions: number,
    check: (field: Field) => Promise<void>,
  ): Promise<void> => {
    const field = await Field.open(kafka.broker.address, folder, name, partitions)
    try {
      await check(field)
    } finally {
      await field.client.close()
    }
  }

  test('one worker comes to the state that one machine comes to, and publishes each event once', async () =>
    within('one', 3, async (field) => {
      const shapes = ['single', 'multisig', 'witnessed', 'delegated', 'receipted']
      const messages = await generated({ aids: 60, shapes, interleave: 60, shuffle: 20 })
      const expected = await field.alone(messages)
      await field.send(messages)
      const { stop, worker } = await field.worker('a')
      const digests = async (): Promise<string[]> => field.digests(() => 'a')
      await reached(async () => (await field.hasRead()) && same(await digests(), expected))
      await stop()
      expect(await digests()).toEqual(expected)
      expect(worker.status.restarts).toBe(0)
      const events = eventsOf(await field.records(field.topics.accepted))
      expect(new Set(events).size).toBe(events.length)
      expect(events.length).toBeGreaterThan(500)
    }))

  test('what cannot be taken in goes to the dead letters, and the rest goes on', async () =>
    within('dead', 2, async (field) => {
      const [one, other] = [kel(1, 4), kel(2, 2)]
      const { input } = field.topics
      const at = field.partitionOf(one.aid)
      const own = { topic: input, partition: at, headers: {} }
      const bytes = one.messages.map((message) => Buffer.from(message))
      const [first, second, third, fourth] = bytes as [Buffer, Buffer, Buffer, Buffer]
      const large = Buffer.concat([second, Buffer.alloc(limits.kafkaRecordBytes, 32)])
      const longKey = 'k'.repeat(10_000)
      await field.sendRecords([
        { ...own, key: one.aid, value: first },
        { ...own, key: one.aid, value: new Uint8Array(0) },
        { ...own, key: one.aid, value: other.messages[0] },
        { ...own, key: undefined, value: second },
        { ...own, key: one.aid, value: Buffer.from('garbage') },
        { ...own, key: one.aid, value: Buffer.concat([second, Buffer.from('{"v":"KERI10'), third]) },
        { ...own, partition: 1 - at, key: one.aid, value: second },
        { ...own, key: one.aid, value: large },
        { ...own, key: longKey, value: second },
        { ...own, key: one.aid, value: fourth },
      ])
      const { stop } = await field.worker('a')
      await reached(async () => field.hasRead())
      await stop()
      const events = eventsOf(await field.records(field.topics.accepted))
      expect(events).toEqual(one.saids)
      const letters = (await field.records(field.topics.deadLetters)).flat()
      const told = letters.map(({ headers: { reason, offset, partition }, value }) => [
        `${partition}/${offset}`,
        reason,
        text(value).slice(0, 7),
      ])
      expect(told).toHaveLength(8)
      expect(told).toEqual(
        expect.arrayContaining([
          [`${at}/1`, 'record/empty', ''],
          [`${at}/2`, 'record/keyed', '{"v":"K'],
          [`${at}/3`, 'record/keyed', '{"v":"K'],
          [`${at}/4`, expect.stringMatching(/^cesr\//), 'garbage'],
          [`${at}/5`, expect.stringMatching(/^cesr\//), '{"v":"K'],
          [`${1 - at}/0`, 'record/misrouted', '{"v":"K'],
          [`${at}/6`, 'record/oversized', '{"v":"K'],
          [`${at}/7`, `record/${field.partitionOf(longKey) === at ? 'keyed' : 'misrouted'}`, '{"v":"K'],
        ]),
      )
      const cut = letters.find(({ headers: { reason } }) => reason === 'record/oversized')
      const kept = (cut?.value?.length ?? 0) + one.aid.length
      expect(kept).toBe(limits.kafkaRecordBytes)
      expect(Number(cut?.headers['cut'])).toBe(large.length + one.aid.length - kept)
    }))

  test('a partition without its database is made anew from what was published, and goes on', async () =>
    within('moved', 2, async (field) => {
      const shapes = ['single', 'multisig', 'witnessed', 'delegated', 'receipted', 'duplicitous', 'waiting']
      const messages = await generated({
        aids: 50,
        shapes,
        interleave: 50,
        shuffle: 20,
        drop: 20_000,
        seed: 4,
      })
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
      const messages = await generated({
        aids: 50,
        shapes,
        interleave: 50,
        shuffle: 20,
        drop: 20_000,
        seed: 9,
      })
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

  // Goal: a stop ends. Method: while a worker leaves, the group gives it everything, as when others leave with it.
  test('a worker that is leaving takes nothing more', async () =>
    within('leaving', 2, async (field) => {
      const { client } = field
      const messages = await generated({ aids: 10, events: 4 })
      await field.send(messages)
      const { worker, stop } = await field.worker('a', {
        client: {
          ...client,
          member: (options) => {
            const member = client.member(options)
            let given: (partitions: readonly number[]) => void = () => undefined
            return {
              join: async (handler) => {
                given = (partitions) => handler.assigned(partitions)
                await member.join(handler)
              },
              seek: (...where) => member.seek(...where),
              pause: (...where) => member.pause(...where),
              resume: (...where) => member.resume(...where),
              commit: async (offsets) => member.commit(offsets),
              leave: async () => {
                given([0, 1])
                await member.leave()
              },
            }
          },
        },
      })
      await reached(async () => field.hasRead())
      await stop()
      expect(worker.open).toEqual([])
      expect(await field.digests(() => 'a')).toEqual(await field.alone(messages))
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

  // Two AIDs of which one needs the log of the other, each with a worker of its own.
  test.each([
    ['a delegate and its delegator', 'delegated', 'the one that needs first'],
    ['a delegate and its delegator', 'delegated', 'the one that needs last'],
    ['who has a receipt and who signed it', 'receipted', 'the one that needs first'],
    ['who has a receipt and who signed it', 'receipted', 'the one that needs last'],
  ])('%s find each other (%s), %s', async (_, shape, order) =>
    within(`${shape}-${order.replaceAll(' ', '-')}`, 2, async (field) => {
      const messages = await generated({ aids: 12, shapes: [shape], events: 8, seed: 11 })
      const needs = messages.filter((each) => apart(field, each))
      expect(needs.length, 'some that need a log of the other partition').toBeGreaterThan(0)
      const early = field.partitionOf(needs[0]?.aid ?? '')
      const workers = [await field.worker('a'), await field.worker('b')]
      await reached(async () =>
        workers.every((each) => each.worker.status.partitions.size === 1 && each.ready()),
      )
      const turns = order.endsWith('first') ? [early, 1 - early] : [1 - early, early]
      for (const turn of turns) {
        await field.send(messages.filter(({ aid }) => field.partitionOf(aid) === turn))
        await reached(async () => field.hasRead())
      }
      const expected = await field.alone(messages)
      const held = async (): Promise<string[]> => {
        const found = await Promise.all(workers.map(async (each) => field.digestsOf(each)))
        return expected.map((_each, partition) => found.map((digests) => digests[partition]).join(''))
      }
      await reached(async () => same(await held(), expected))
      expect(await held()).toEqual(expected)
      expect(workers.flatMap((each) => sinceOf(field, each))).toEqual([])
      for (const { stop } of workers) await stop()
      const accepted = await field.records(field.topics.accepted)
      expect(eventsOf(accepted).toSorted()).toEqual([...new Set(messages.map(saidOf))].toSorted())
      if (shape === 'receipted') {
        const late = accepted.flat().filter(({ headers }) => headers['late'] !== undefined)
        const receipted = new Set(late.map(({ headers: { said } }) => said))
        expect(needs.map(saidOf).filter((said) => !receipted.has(said))).toEqual([])
      }
    }),
  )

  test('values of a partition that are one stream are cut wherever records end', async () =>
    within('stream', 1, async (field) => {
      const messages = await generated({ aids: 10, events: 10 })
      const stream = Buffer.concat(messages.map(({ bytes }) => bytes))
      const pieces = Array.from({ length: Math.ceil(stream.length / 777) }, (_, index) => ({
        topic: field.topics.input,
        partition: 0,
        key: undefined,
        value: stream.subarray(index * 777, (index + 1) * 777),
        headers: {},
      }))
      const half = pieces.length >> 1
      await field.sendRecords(pieces.slice(0, half))
      const first = await field.worker('a', { keyed: false })
      await reached(
        async () => first.ready() && (await field.records(field.topics.accepted)).flat().length > 20,
      )
      await first.stop()
      await field.sendRecords(pieces.slice(half))
      const second = await field.worker('a', { keyed: false })
      await reached(async () => field.hasRead())
      await second.stop()
      expect(await field.digests(() => 'a')).toEqual(await field.alone(messages))
      expect(eventsOf(await field.records(field.topics.accepted))).toEqual(messages.map(saidOf))
      expect((await field.records(field.topics.deadLetters)).flat()).toEqual([])
    }))

  test('without transactions everything is published at least once', async () =>
    within('plain', 2, async (field) => {
      const messages = await generated({ aids: 20, events: 10, interleave: 5 })
      await field.send(messages)
      const { stop } = await field.worker('a', { transactions: false })
      await reached(async () => field.hasRead())
      await stop()
      expect(await field.digests(() => 'a')).toEqual(await field.alone(messages))
      const events = new Set(eventsOf(await field.records(field.topics.accepted)))
      expect(events).toEqual(new Set(messages.map(saidOf)))
    }))

  test('what waits, evidence and key states have topics of their own', async () =>
    within('tables', 1, async (field) => {
      const log = kel(5, 4)
      const [icp, one, two, three] = log.messages.map((bytes) => ({ aid: log.aid, bytes }))
      const { message } = variant(5, 1)
      const { stop } = await field.worker('a')
      for (const sent of [[icp, three], [one, two], [{ aid: log.aid, bytes: message }]]) {
        await field.send(sent.filter((each) => each !== undefined))
        await reached(async () => field.hasRead())
      }
      await stop()
      const escrows = (await field.records(field.topics.escrows)).flat()
      expect(
        escrows.map(({ headers: { event, said, kinds = '' } }) => `${event} ${said} ${kinds}`.trim()),
      ).toEqual([
        `entered ${log.saids[3]} out-of-order`,
        `resolved ${log.saids[3]}`,
        expect.stringMatching(/^entered \S+ likely-duplicitous$/),
      ])
      const [evidence] = (await field.records(field.topics.duplicity ?? '')).flat()
      expect(evidence?.headers['accepted']).toBe(log.saids[1])
      expect(text(evidence?.value)).toContain(log.saids[1])
      expect(text(evidence?.value)).toContain(text(message).slice(0, 100))
      const states = (await field.records(field.topics.states ?? '')).flat()
      expect(states.map(({ key }) => text(key))).toContain(log.aid)
      expect(JSON.parse(text(states.at(-1)?.value))).toMatchObject({ i: log.aid, s: '3', d: log.saids[3] })
    }))

  // Goal: a sink that takes nothing costs no memory and no membership. Method: hold every send for longer than a silent
  // member is kept, with more to read than may be under way; then let go. The long job holds for minutes.
  test(
    'a sink that stands still holds the source, and nothing else',
    { timeout: 180_000 + 2_000 * heldSeconds },
    async () =>
      within('slow', 2, async (field) => {
        const messages = await generated({ aids: 100, events: 120, interleave: 100 })
        await field.send(messages)
        let release = (): void => undefined
        const free = new Promise<void>((resolve) => (release = resolve))
        const small = { ...limits, kafkaUnsentBytes: 300_000, kafkaBatchBytes: 100_000 }
        const running = await field.worker('a', {
          limits: small,
          client: {
            ...field.client,
            transactional: async (id) => {
              const producer = await field.client.transactional(id)
              let begun = 0
              const begin = async (): Promise<void> => {
                // With the first transaction the partition is taken over.
                begun += 1
                if (begun > 1) await free
                await producer.begin()
              }
              return { ...producer, begin }
            },
          },
        })
        const { worker } = running
        const statuses = (): PartitionStatus[] => [...worker.status.partitions.values()]
        const full = async (): Promise<boolean> =>
          statuses().length === 2 && statuses().every(({ unsent }) => unsent.bytes > small.kafkaUnsentBytes)
        await reached(full)
        const read = statuses().map((status) => status.read.offset)
        const before = process.memoryUsage.rss()
        await setTimeout(heldSeconds * 1000)
        const grown = process.memoryUsage.rss() - before
        expect(grown).toBeLessThan(64 * 2 ** 20)
        const most = BigInt(small.kafkaCredits * 1000)
        for (const [index, status] of statuses().entries()) {
          expect(status.read.offset - (read[index] ?? 0n)).toBeLessThan(most)
          expect(status.unsent.bytes).toBeLessThan(small.kafkaUnsentBytes * 4)
          expect(status.published).toBe(0n)
        }
        expect(worker.status.rebalances).toBe(1)
        const released = performance.now()
        release()
        await reached(async () => field.hasRead())
        const seconds = (performance.now() - released) / 1000
        const rate = Math.round(messages.length / seconds)
        console.log(`held for ${heldSeconds} s: ${grown >> 10} KiB more, then ${rate} events/s`)
        expect(worker.status.rebalances).toBe(1)
        expect(worker.status.restarts).toBe(0)
        await running.stop()
        expect(eventsOf(await field.records(field.topics.accepted)).length).toBe(messages.length)
      }),
  )
})
