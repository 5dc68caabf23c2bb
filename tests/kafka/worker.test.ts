import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { LogRecord } from '../../pipeline/kafka/client/client.ts'
import { kel } from '../boundary/kel.ts'
import { Broker, canBroker } from '../support/broker.ts'
import { Field, generated } from '../support/fleet.ts'
import { until } from '../support/prometheus.ts'

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

/** The same records for a reader, as texts that can be compared. */
const eventsOf = (records: readonly LogRecord[][]): string[] =>
  records.flat().flatMap(({ headers: { said, late } }) => (late === undefined ? [said ?? ''] : []))

const same = (one: readonly string[], other: readonly string[]): boolean => one.join() === other.join()

describe.skipIf(!canBroker)('workers on Kafka', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kelpipe-kafka-'))
  let broker: Broker
  beforeAll(async () => {
    broker = await Broker.start(folder)
  })
  afterAll(async () => {
    await broker.stop()
    rmSync(folder, { recursive: true })
  })
  const within = async (
    name: string,
    partitions: number,
    check: (field: Field) => Promise<void>,
  ): Promise<void> => {
    const field = await Field.open(broker.address, folder, name, partitions)
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
      await until(async () => (await field.hasRead()) && same(await digests(), expected), 30_000)
      await stop()
      expect(await digests()).toEqual(expected)
      expect(worker.status.restarts).toBe(0)
      const events = eventsOf(await field.records(field.topics.accepted))
      expect(new Set(events).size).toBe(events.length)
      expect(events.length).toBeGreaterThan(500)
    }))

  test('what cannot be taken in goes to the dead letters, and the rest goes on', async () =>
    within('dead', 2, async (field) => {
      const [one, other] = [kel(1, 3), kel(2, 2)]
      const { input } = field.topics
      const at = field.partitionOf(one.aid)
      const own = { topic: input, partition: at, headers: {} }
      const [first = new Uint8Array(0), second = new Uint8Array(0), third = new Uint8Array(0)] = one.messages
      await field.sendRecords([
        { ...own, key: one.aid, value: first },
        { ...own, key: one.aid, value: new Uint8Array(0) },
        { ...own, key: one.aid, value: other.messages[0] },
        { ...own, key: undefined, value: second },
        { ...own, key: one.aid, value: Buffer.from('garbage') },
        { ...own, key: one.aid, value: Buffer.concat([second, Buffer.from('{"v":"KERI10'), third]) },
        { ...own, partition: 1 - at, key: one.aid, value: second },
      ])
      const { stop } = await field.worker('a')
      await until(async () => field.hasRead())
      await stop()
      const events = eventsOf(await field.records(field.topics.accepted))
      expect(events).toEqual(one.saids)
      const letters = (await field.records(field.topics.deadLetters)).flat()
      const told = letters.map(({ headers: { reason, offset, partition }, value }) => [
        `${partition}/${offset}`,
        reason,
        text(value).slice(0, 7),
      ])
      expect(told).toHaveLength(6)
      expect(told).toEqual(
        expect.arrayContaining([
          [`${at}/1`, 'record/empty', ''],
          [`${at}/2`, 'record/keyed', '{"v":"K'],
          [`${at}/3`, 'record/keyed', '{"v":"K'],
          [`${at}/4`, expect.stringMatching(/^cesr\//), 'garbage'],
          [`${at}/5`, expect.stringMatching(/^cesr\//), '{"v":"K'],
          [`${1 - at}/0`, 'record/misrouted', '{"v":"K'],
        ]),
      )
    }))
})
