import { expect, test } from 'vitest'

import {
  Fenced,
  type Client,
  type LogBatch,
  type LogRecord,
  type Member,
  type MemberHandler,
  type OutRecord,
} from '../../pipeline/kafka/client/client.ts'
import { packed } from '../../pipeline/kafka/client/packed.ts'

export interface Subject {
  /** Another client of the same brokers. */
  connect(): Promise<Client>
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()

const record = (topic: string, value: string | undefined, partition = 0): OutRecord => ({
  topic,
  partition,
  key: `key of ${value}`,
  value: value === undefined ? undefined : Buffer.from(value),
  headers: { kind: 'test' },
})

async function valuesOf(
  client: Client,
  topic: string,
  partition = 0,
  from = 0n,
): Promise<(string | undefined)[]> {
  const values: (string | undefined)[] = []
  for await (const { records } of client.read(topic, partition, from, new AbortController().signal))
    values.push(...Array.from(records, ({ value }) => text(value)))
  return values
}

/** A member that notes what it is given. */
class Notes implements MemberHandler {
  readonly assignments: (readonly number[])[] = []
  readonly batches: LogBatch[] = []
  failure: unknown
  readonly #onAssigned: (partitions: readonly number[]) => void
  #wake: (() => void) | undefined

  constructor(onAssigned: (partitions: readonly number[]) => void = () => undefined) {
    this.#onAssigned = onAssigned
  }

  assigned(partitions: readonly number[]): void {
    this.assignments.push(partitions)
    this.#onAssigned(partitions)
    this.#wake?.()
  }

  async records(batch: LogBatch): Promise<void> {
    this.batches.push(batch)
    this.#wake?.()
  }

  troubled(error: unknown): void {
    this.failure = error
  }

  failed(error: unknown): void {
    this.failure = error
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  get values(): (string | undefined)[] {
    return this.batches.flatMap(({ records }) => Array.from(records, ({ value }) => text(value)))
  }
}

/** What any client has to do. Run by tests/kafka/client.test.ts; another client is one more call of this. */
export function clientSuite(subject: Subject): void {
  let serial = 0
  const fresh = async (client: Client, ...suffixes: readonly string[]): Promise<string[]> => {
    serial += 1
    const topics = suffixes.map((suffix) => `suite-${serial}-${suffix}`)
    const plan = { partitions: 4, replicas: 1, settings: {} }
    await client.create(topics.map((topic) => ({ topic, ...plan })))
    return topics
  }
  const within = async (check: (client: Client) => Promise<void>): Promise<void> => {
    const client = await subject.connect()
    try {
      await check(client)
    } finally {
      await client.close()
    }
  }

  test('topics are made once and counted', async () =>
    within(async (client) => {
      const [topic = ''] = await fresh(client, 'made')
      await client.create([{ topic, partitions: 7, replicas: 1, settings: {} }])
      expect(await client.partitions([topic, 'no-such-topic'])).toEqual(new Map([[topic, 4]]))
    }))

  test('what a transaction sent is read once it is committed, with key, headers and tombstones', async () =>
    within(async (client) => {
      const [topic = ''] = await fresh(client, 'sent')
      const producer = await client.transactional(`${topic}-id`)
      await producer.begin()
      await producer.send(packed([record(topic, 'one'), record(topic, undefined), record(topic, 'other', 2)]))
      await producer.commit()
      await producer.begin()
      await producer.send(packed([record(topic, 'given up')]))
      await producer.abort()
      await producer.close()
      const records: LogRecord[] = []
      for await (const batch of client.read(topic, 0, 0n, new AbortController().signal))
        records.push(...batch.records)
      expect(records.map(({ key, value, headers }) => [text(key), text(value), headers])).toEqual([
        ['key of one', 'one', { kind: 'test' }],
        ['key of undefined', undefined, { kind: 'test' }],
      ])
      expect(await valuesOf(client, topic, 2)).toEqual(['other'])
    }))

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'records that a broker compresses by %s are read',
    async (name) =>
      within(async (client) => {
        const topic = `suite-${name}`
        const settings = { 'compression.type': name }
        await client.create([{ topic, partitions: 1, replicas: 1, settings }])
        const values = Array.from({ length: 500 }, (_, index) => `${index} of several`)
        const producer = await client.producer()
        await producer.send(packed(values.map((value) => record(topic, value))))
        await producer.close()
        expect(await valuesOf(client, topic)).toEqual(values)
      }),
  )

  test('a producer of the same id fences the one before it and ends what that left open', async () =>
    within(async (client) => {
      const [topic = ''] = await fresh(client, 'fenced')
      const first = await client.transactional(`${topic}-id`)
      await first.begin()
      await first.send(packed([record(topic, 'left open')]))
      const second = await client.transactional(`${topic}-id`)
      await second.begin()
      await second.send(packed([record(topic, 'second')]))
      await second.commit()
      await expect(
        first.send(packed([record(topic, 'late')])).then(async () => first.commit()),
      ).rejects.toThrow(Fenced)
      expect(await valuesOf(client, topic)).toEqual(['second'])
      await first.close()
      await second.close()
    }))

  test('what was given up is not read, in whatever order transactions began and ended', async () =>
    within(async (client) => {
      const [topic = ''] = await fresh(client, 'crossed')
      const [one, other] = [
        await client.transactional(`${topic}-one`),
        await client.transactional(`${topic}-other`),
      ]
      await one.begin()
      await one.send(packed([record(topic, 'given up, the longer one')]))
      await other.begin()
      await other.send(packed([record(topic, 'given up')]))
      await other.abort()
      await other.begin()
      await other.send(packed([record(topic, 'between')]))
      await other.commit()
      await one.send(packed([record(topic, 'given up, its end')]))
      await one.abort()
      await one.begin()
      await one.send(packed([record(topic, 'after')]))
      await one.commit()
      // Its next transaction begins when the marks of that one are written.
      await one.begin()
      await one.send(packed([record(topic, 'given up at last')]))
      await one.abort()
      expect(await valuesOf(client, topic)).toEqual(['between', 'after'])
      await one.close()
      await other.close()
    }))

  test('offsets of a group count with their transaction, and carry a word of ours', async () =>
    within(async (client) => {
      const [topic = ''] = await fresh(client, 'offsets')
      const producer = await client.transactional(`${topic}-id`)
      const group = `${topic}-group`
      expect(await client.committed(group, [topic], 1)).toEqual([])
      const offset = { topic, partition: 1, offset: 5n, metadata: 'a word' }
      await producer.begin()
      await producer.offsets(group, [offset])
      await producer.commit()
      await producer.begin()
      await producer.offsets(group, [{ ...offset, offset: 9n }])
      await producer.abort()
      expect(await client.committed(group, [topic], 1)).toEqual([offset])
      await producer.close()
    }))

  test('a member gets the same partitions of all topics, from where it seeks', async () =>
    within(async (client) => {
      const topics = await fresh(client, 'in', 'beside')
      const [topic = ''] = topics
      const producer = await client.producer()
      await producer.send(packed(['a', 'b', 'c'].map((value) => record(topic, value, 3))))
      const options = { group: `${topic}-group`, topics, preferred: () => [] }
      const member: Member = client.member(options)
      const notes = new Notes(() => member.seek(topic, 3, 1n))
      await member.join(notes)
      await notes.until(() => notes.values.length >= 2)
      expect(notes.values).toEqual(['b', 'c'])
      expect(notes.assignments).toEqual([[0, 1, 2, 3]])
      expect(notes.batches.at(-1)?.end).toBe(3n)
      await member.leave()
      await producer.close()
    }))

  test('a paused partition is not fetched until it is resumed', async () =>
    within(async (client) => {
      const topics = await fresh(client, 'paused')
      const [topic = ''] = topics
      const producer = await client.producer()
      await producer.send(packed([record(topic, 'waits', 0), record(topic, 'comes', 1)]))
      const member = client.member({ group: `${topic}-group`, topics, preferred: () => [] })
      const notes = new Notes(() => member.pause(topic, 0))
      await member.join(notes)
      await notes.until(() => notes.values.includes('comes'))
      await producer.send(packed([record(topic, 'after', 1)]))
      await notes.until(() => notes.values.includes('after'))
      expect(notes.values).not.toContain('waits')
      member.resume(topic, 0)
      await notes.until(() => notes.values.includes('waits'))
      await member.leave()
      await producer.close()
    }))

  test('a second member takes half, first of all what it would rather have', async () =>
    within(async (client) => {
      const topics = await fresh(client, 'shared')
      const group = `${topics[0]}-group`
      const one = client.member({ group, topics, preferred: () => [0, 1, 2, 3] })
      const [first, second] = [new Notes(), new Notes()]
      await one.join(first)
      await first.until(() => first.assignments.length > 0)
      const two = client.member({ group, topics, preferred: () => [1, 2] })
      await two.join(second)
      await second.until(() => second.assignments.length > 0)
      await first.until(() => first.assignments.at(-1)?.length === 2)
      const [mine = [], others = []] = [first.assignments.at(-1), second.assignments.at(-1)]
      expect([...mine, ...others].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
      await two.leave()
      await first.until(() => first.assignments.at(-1)?.length === 4)
      await one.leave()
    }))

  test('a batch that is not taken yet holds its partition and keeps the membership', async () =>
    within(async (client) => {
      const topics = await fresh(client, 'held')
      const [topic = ''] = topics
      const producer = await client.producer()
      await producer.send(packed([record(topic, 'first')]))
      let release = (): void => undefined
      const notes = new Notes()
      const held = new Promise<void>((resolve) => (release = resolve))
      const member = client.member({ group: `${topic}-group`, topics, preferred: () => [] })
      await member.join({
        assigned: (partitions) => notes.assigned(partitions),
        troubled: (error) => notes.troubled(error),
        failed: (error) => notes.failed(error),
        records: async (batch) => {
          await notes.records(batch)
          await held
        },
      })
      await notes.until(() => notes.values.length === 1)
      await producer.send(packed([record(topic, 'second')]))
      release()
      await notes.until(() => notes.values.length === 2)
      expect(notes.values).toEqual(['first', 'second'])
      await member.leave()
      await producer.close()
    }))
}
