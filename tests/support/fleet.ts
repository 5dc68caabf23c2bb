import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { loadAddon, type Addon } from '../../native/addon.ts'
import { generate, type GeneratorPlan } from '../../native/generator.ts'
import { engineOptions, standardRules } from '../../pipeline/commands/options.ts'
import type { Client, LogRecord, OutRecord } from '../../pipeline/kafka/client/client.ts'
import { packed } from '../../pipeline/kafka/client/packed.ts'
import { kafkajsClient } from '../../pipeline/kafka/client/kafkajs/index.ts'
import { partitionOf } from '../../pipeline/kafka/murmur2.ts'
import type { Topics } from '../../pipeline/kafka/topics.ts'
import { Worker, type WorkerOptions } from '../../pipeline/kafka/worker.ts'
import { limits } from '../../pipeline/limits.ts'
import { aidsOf, stateDigest } from '../../pipeline/replay.ts'
import { tableNumber } from '../../native/tables.ts'
import { openReader, openStore } from '../../pipeline/store/lmdb.ts'
import { MemoryStore } from '../../pipeline/store/memory.ts'
import type { StoreReader } from '../../pipeline/store/store.ts'
import { connectionTo } from './kafka.ts'
import { marked } from './marks.ts'

export const addon: Addon = loadAddon()

/** Topics of one test. */
export const topicsOf = (name: string): Topics => ({
  input: `${name}.kels`,
  accepted: `${name}.accepted`,
  escrows: `${name}.escrows`,
  exchange: `${name}.exchange`,
  deadLetters: `${name}.dead`,
  states: `${name}.states`,
  duplicity: `${name}.duplicity`,
})

/** A message of a stream and the AID that it is keyed by. */
export interface Keyed {
  readonly aid: string
  readonly bytes: Uint8Array
}

/** Generated messages, in JSON, each with its AID. */
export async function generated(plan: GeneratorPlan): Promise<Keyed[]> {
  const messages: Keyed[] = []
  for await (const { stream, ends } of generate(plan, 2 ** 18)) {
    let start = 0
    for (const end of ends) {
      const bytes = stream.subarray(start, end)
      messages.push({ aid: /"i":"([^"]+)"/.exec(Buffer.from(bytes).toString('latin1'))?.[1] ?? '', bytes })
      start = end
    }
  }
  return messages
}

/** Where a test of a fleet takes place. */
export class Field {
  readonly client: Client
  readonly topics: Topics
  readonly partitions: number
  readonly #address: string
  readonly #folder: string

  private constructor(client: Client, topics: Topics, partitions: number, address: string, folder: string) {
    this.client = client
    this.topics = topics
    this.partitions = partitions
    this.#address = address
    this.#folder = folder
  }

  static async open(address: string, folder: string, name: string, partitions: number): Promise<Field> {
    const client = await kafkajsClient(connectionTo(address))
    const topics = topicsOf(name)
    await client.create([{ topic: topics.input, partitions, replicas: 1, settings: {} }])
    const place = join(folder, name)
    mkdirSync(place, { recursive: true })
    return new Field(client, topics, partitions, address, place)
  }

  partitionOf(aid: string): number {
    return partitionOf(Buffer.from(aid), this.partitions)
  }

  /** Sends messages to the input, keyed by their AIDs, a message a record. */
  async send(messages: readonly Keyed[]): Promise<void> {
    await this.sendRecords(
      messages.map(({ aid, bytes }) => ({
        topic: this.topics.input,
        partition: this.partitionOf(aid),
        key: aid,
        value: bytes,
        headers: {},
      })),
    )
  }

  async sendRecords(records: readonly OutRecord[]): Promise<void> {
    const producer = await this.client.producer()
    for (let at = 0; at < records.length; at += 1000)
      await producer.send(packed(records.slice(at, at + 1000)))
    await producer.close()
  }

  directory(worker: string): string {
    return join(this.#folder, worker)
  }

  /** A worker in this process. */
  async worker(name: string, changes: Partial<WorkerOptions> = {}): Promise<Running> {
    const client = await kafkajsClient(connectionTo(this.#address))
    const stop = new AbortController()
    const worker = new Worker({
      client,
      addon,
      engine: { ...engineOptions(standardRules), threads: 1 },
      limits,
      group: `${this.topics.input}-group`,
      topics: this.topics,
      keyed: true,
      transactions: true,
      commit: 'group',
      openStore,
      directory: this.directory(name),
      replicas: 1,
      standby: false,
      watch: (run) => run,
      sent: () => undefined,
      note: (text) => notes.push(text),
      ...changes,
    })
    const notes: string[] = []
    const ended = worker.run(stop.signal)
    ended.catch(() => undefined)
    return {
      worker,
      notes,
      ready: () => [...worker.status.partitions.values()].every(({ ready }) => ready),
      stop: async () => {
        stop.abort()
        await ended
        await client.close()
      },
    }
  }

  /** Whether the group has read all of the input, and what that led to is published. */
  async hasRead(): Promise<boolean> {
    const { input } = this.topics
    for (let partition = 0; partition < this.partitions; partition += 1) {
      const [found] = await this.client.committed(`${input}-group`, [input], partition)
      if ((found?.offset ?? 0n) < (await this.client.end(input, partition))) return false
    }
    return true
  }

  /** All committed records of a topic, partition by partition, once no transaction is open in it. */
  async records(topic: string): Promise<LogRecord[][]> {
    await marked(this.client, this.#address, topic, this.partitions)
    return Promise.all(
      Array.from({ length: this.partitions }, async (_, partition) => {
        const records: LogRecord[] = []
        for await (const batch of this.client.read(topic, partition, 0n, new AbortController().signal))
          records.push(...batch.records)
        return records
      }),
    )
  }

  /** What each partition holds of its own AIDs, by digest; `of` names the worker that has it. */
  async digests(of: (partition: number) => string): Promise<string[]> {
    return Promise.all(
      Array.from({ length: this.partitions }, async (_, partition) => {
        const store = await openReader(join(this.directory(of(partition)), `partition-${partition}`))
        try {
          return this.digest(store, partition)
        } finally {
          await store.close()
        }
      }),
    )
  }

  /** The same of a worker that runs; nothing of partitions that it does not have. */
  async digestsOf({ worker }: Running): Promise<string[]> {
    const stores = new Map(worker.open.map(({ number, store }) => [number, store]))
    return Array.from({ length: this.partitions }, (_, partition) => {
      const store = stores.get(partition)
      return store ? this.digest(store, partition) : ''
    })
  }

  digest(store: StoreReader, partition: number): string {
    return stateDigest(addon, store, true, (aid) => this.partitionOf(aid) === partition)
  }

  /** AIDs that two stores hold otherwise, of one partition: what each of them has. */
  differing(one: StoreReader, other: StoreReader, partition: number): string[] {
    const aids = new Set([...aidsOf(one), ...aidsOf(other)])
    const own = [...aids].filter((aid) => this.partitionOf(aid) === partition)
    const of = (store: StoreReader, aid: string): string =>
      stateDigest(addon, store, true, (each) => each === aid)
    return own
      .filter((aid) => of(one, aid) !== of(other, aid))
      .map((aid) => `${aid}: ${held(one, aid)} / ${held(other, aid)}`)
  }

  /** The digests that one machine comes to which takes the messages in order. */
  async alone(messages: readonly Keyed[]): Promise<string[]> {
    const store = await settled(Buffer.concat(messages.map(({ bytes }) => bytes)))
    return Array.from({ length: this.partitions }, (_, partition) => this.digest(store, partition))
  }
}

/** What a store has of an AID, in short. */
function held(store: StoreReader, aid: string): string {
  const record = store.get('aids', Buffer.from(aid))
  const state = record && addon.keyState(aid, record, false)
  const { s = '-', et = '-' } = state ? (JSON.parse(state) as Record<'s' | 'et', string>) : {}
  const waiting = Array.from(store.scan('waiting', { prefix: Buffer.from(aid) }), ({ key, value }) => {
    const json = addon.record(tableNumber('waiting'), key, value) ?? '{}'
    const { sn, kinds } = JSON.parse(json) as { sn: string; kinds: { kind: string; awaits: string }[] }
    return `${sn} ${kinds.map(({ kind, awaits }) => `${kind} ${awaits}`).join('+')}`
  })
  return `sn ${s} ${et}${waiting.length > 0 ? `, waits: ${waiting.join('; ')}` : ''}`
}

export interface Running {
  readonly worker: Worker
  readonly notes: readonly string[]
  /** Whether all partitions that it has are open. */
  readonly ready: () => boolean
  readonly stop: () => Promise<void>
}

/** The SAIDs of all events that one machine accepts which takes the messages in order. */
export async function acceptedOf(messages: readonly Keyed[]): Promise<ReadonlySet<string>> {
  const store = await settled(Buffer.concat(messages.map(({ bytes }) => bytes)))
  const saids = Array.from(store.scan('log'), ({ key, value }) => {
    const { said } = JSON.parse(addon.record(tableNumber('log'), key, value) ?? '{}') as { said: string }
    return said
  })
  return new Set(saids)
}

/** A store that holds what a stream leads to. */
export async function settled(stream: Uint8Array): Promise<StoreReader> {
  const store = new MemoryStore(2 ** 33)
  const engine = addon.engine(engineOptions(standardRules))
  engine.open(null)
  const { spans } = addon.framer(engineOptions(standardRules)).frame(stream, true)
  const prepared = await engine.prepare(stream, spans, { source: 0, copy: true })
  for (let more = true; more;) {
    let part = await engine.settle(prepared, null, 1n)
    while ('missing' in part) part = await engine.settle(prepared, store.fetch(part.missing), 1n)
    await store.commit(part.verdicts.writes, new Map())
    engine.committed(part.part)
    more = part.more
  }
  return store
}
