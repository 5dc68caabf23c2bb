import { describe, expect, test } from 'vitest'

import { prepareTopics } from '../../pipeline/kafka/topics.ts'
import { limits } from '../../pipeline/limits.ts'
import { kel, variant } from '../boundary/kel.ts'
import { canBroker } from '../support/broker.ts'
import { apart, eventsOf, reached, same, saidOf, sinceOf, suiteFields, text } from '../support/fields.ts'
import { generated } from '../support/fleet.ts'

describe.skipIf(!canBroker)('workers on Kafka', { timeout: 180_000 }, () => {
  const within = suiteFields('kafka')

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

  test('a topic that could not take a large event is refused, and told what it needs', async () =>
    within('narrow', 1, async (field) => {
      const { accepted } = field.topics
      await field.client.create([{ topic: accepted, partitions: 1, replicas: 1, settings: {} }])
      const prepared = prepareTopics(field.client, field.topics, { replicas: 1, limits })
      await expect(prepared).rejects.toMatchObject({
        code: 'config/topics',
        next: expect.stringMatching(/^set its max\.message\.bytes to 4259840 /),
      })
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
      const told = workers.flatMap(({ notes }) => notes).join('\n')
      expect(eventsOf(accepted).toSorted(), told).toEqual([...new Set(messages.map(saidOf))].toSorted())
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
})
