import { randomUUID } from 'node:crypto'
import { existsSync, renameSync, rmSync } from 'node:fs'

import type { Addon, NativeEngine } from '../../native/addon.ts'
import type { EngineOptions } from '../../native/engine.ts'
import { Tally } from '../../operators/meter.ts'
import { engineFor } from '../engine.ts'
import { reasonOf } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { Pace } from '../pace.ts'
import { run, type Run } from '../run.ts'
import type { DiskStore } from '../store/lmdb.ts'
import { readMeta } from '../store/store.ts'
import { bytesText, textBytes } from '../text.ts'
import type { Client, GroupOffset, LogBatch, Member } from './client/client.ts'
import { outputContext } from './context.ts'
import { PlainDelivery, TransactionalDelivery, transactionalId, type DeliveryOptions } from './delivery.ts'
import { Feed } from './feed.ts'
import { cleared, Outbox, unsent, type Entry } from './outbox.ts'
import { Outputs } from './outputs.ts'
import { encodePosition, positionName, start, storedPosition, type Position, type Role } from './position.ts'
import { committedPositions, progressOf, Publisher } from './publisher.ts'
import { rebuild } from './rebuild.ts'
import { requestBytesOf, type Topics } from './topics.ts'
import { unfit } from './unfit.ts'

/** What all partitions of a worker have in common. */
export interface PartitionOptions {
  readonly client: Client
  readonly member: Pick<Member, 'commit'>
  readonly addon: Addon
  readonly engine: EngineOptions
  readonly limits: Limits
  readonly group: string
  readonly topics: Topics
  readonly partitions: number
  /** Whether keys are AIDs; otherwise the values of a partition are one stream. */
  readonly keyed: boolean
  readonly transactions: boolean
  readonly commit: 'group' | 'each'
  readonly retryMs?: ReadonlyMap<string, number>
  /** Opens a database as its one writer. */
  readonly openStore: (folder: string) => Promise<DiskStore>
  /** The folder of a partition's database. */
  readonly directory: (partition: number) => string
  /** The folder of a copy of one, which takes the place of a database that is missing or stale. */
  readonly copyDirectory: (partition: number) => string
  /** Changes a run before it is carried out, to watch it. */
  readonly watch: (run: Run, partition: number) => Run
  readonly sent: (partition: number, entries: readonly Entry[], seconds: number) => void
  readonly note: (text: string) => void
}

/** How far a partition is. */
export interface PartitionStatus {
  readonly ready: boolean
  /** Where the input is read next. */
  readonly read: Position
  /** Up to which offset all that the input led to is published. */
  readonly published: bigint
  readonly credits: number
  readonly unsent: Publisher['depth']
  readonly rebuilt: { readonly read: bigint; readonly total: bigint } | undefined
}

const storeIdName = 'kafka/store'

/** One partition of the input with its state: opened, brought up to date, run, closed. */
export class Partition {
  readonly number: number
  readonly #options: PartitionOptions
  readonly #stop = new AbortController()
  readonly #feed: Feed
  #store: DiskStore | undefined
  #engine: NativeEngine | undefined
  #publisher: Publisher | undefined
  #delivery: TransactionalDelivery | PlainDelivery | undefined
  #running: Promise<void> = Promise.resolve()
  #ready = false
  #published = 0n
  #rebuilt: PartitionStatus['rebuilt']
  #failed: (error: unknown) => void = () => undefined
  #failure: unknown

  constructor(options: PartitionOptions, number: number) {
    this.#options = options
    this.number = number
    const { limits, addon, engine, keyed } = options
    const framers = { keyed: addon.recordFramer(engine, true), other: addon.recordFramer(engine, false) }
    this.#feed = new Feed({
      name: `${options.topics.input}/${number}`,
      framer: (purpose) => (keyed && purpose === 'input' ? framers.keyed : framers.other),
      unfit: (records, index, purpose) => unfit(options, number, records, index, purpose),
      stream: !keyed,
      credits: limits.kafkaCredits,
      signal: this.#stop.signal,
      bytesPerBatch: limits.kafkaBatchBytes,
    })
  }

  get store(): DiskStore | undefined {
    return this.#store
  }

  get engine(): NativeEngine | undefined {
    return this.#engine
  }

  get status(): PartitionStatus {
    return {
      ready: this.#ready,
      read: this.#feed.next('input'),
      published: this.#published,
      credits: this.#feed.creditsUsed,
      unsent: this.#publisher?.depth ?? { entries: 0, bytes: 0, records: 0 },
      rebuilt: this.#rebuilt,
    }
  }

  /** Where a role is to be fetched from. */
  next(role: Role): Position {
    return this.#feed.next(role)
  }

  /**
   * Takes the partition over: fences who had it, sends what an earlier run had on disk, or makes the state anew if it is
   * not here. `failed` is told when the partition cannot go on. Resolves when records may come.
   */
  async open(failed: (error: unknown) => void): Promise<void> {
    this.#failed = failed
    const { group, client, topics, transactions } = this.#options
    const { input, exchange } = topics
    const id = transactionalId(group, input, this.number)
    const producer = transactions ? await client.transactional(id) : undefined
    try {
      const committed = await client.committed(group, [input, exchange], this.number)
      const progress = committed
        .map(({ metadata }) => progressOf(metadata))
        .find((found) => found !== undefined)
      const storeId = await this.#openStore(progress?.storeId)
      const options = this.#deliveryOptions(storeId)
      this.#delivery = producer
        ? new TransactionalDelivery(options, producer)
        : new PlainDelivery(options, await client.producer(), this.#options.member)
      if (progress?.storeId === storeId) await this.#goOn(storeId, progress.sequence)
      else await this.#startAnew(storeId, committed)
    } catch (error) {
      if (!this.#delivery) await producer?.close()
      await this.close().catch(() => undefined)
      throw this.#failure ?? error
    }
    this.#ready = true
  }

  /** Takes records of a role as far as there is room now; whether that were all. */
  take(role: Role, batch: LogBatch): boolean {
    return this.#feed.take(role, batch)
  }

  /** Resolves when there is room for more, or there will be none. */
  async room(): Promise<void> {
    await this.#feed.room()
  }

  /** Gives up to open; what was begun comes to nothing. */
  abandon(): void {
    if (!this.#ready) this.#stop.abort()
  }

  /** Brings what was taken to an end, and sends it. */
  async close(): Promise<void> {
    this.#ready = false
    this.#stop.abort()
    try {
      await this.#running.catch(() => undefined)
      await this.#publisher?.close()
      this.#tellUnsent()
    } finally {
      await this.#delivery?.close()
      await this.#store?.close()
      this.#engine?.close()
      this.#store = undefined
    }
  }

  #tellUnsent(): void {
    const { entries, records } = this.#publisher?.depth ?? { entries: 0, records: 0 }
    if (entries === 0 || this.#failure === undefined) return
    const reason = reasonOf(this.#failure)
    this.#options.note(
      `${this.#feed.name}: ${records} records stay unsent on disk (${reason}); they are sent when it is opened again`,
    )
  }

  #deliveryOptions(storeId: string): DeliveryOptions {
    const { client, group, topics, limits } = this.#options
    return {
      client,
      group,
      topics: [topics.input, topics.exchange],
      partition: this.number,
      storeId,
      requestBytesOf: requestBytesOf(topics, limits),
    }
  }

  /** Opens the database if it is the one whose offsets the group holds; otherwise an empty one takes its place. */
  async #openStore(current: string | undefined): Promise<string> {
    const { directory, copyDirectory, note, openStore } = this.#options
    const folder = directory(this.number)
    let store = await openStore(folder)
    const stored = readMeta(store, storeIdName)
    const stale = stored !== undefined && bytesText(stored) !== current
    const copy = copyDirectory(this.number)
    const copied = existsSync(copy)
    if (stale) note(`${this.#feed.name}: another worker has had it since; its state is made anew`)
    if (stale || (copied && !stored)) {
      await store.close()
      rmSync(folder, { recursive: true })
      if (copied) renameSync(copy, folder)
      store = await openStore(folder)
    } else if (copied) rmSync(copy, { recursive: true })
    this.#store = store
    const storeId = stored && bytesText(stored) === current ? bytesText(stored) : randomUUID()
    await store.commit(undefined, new Map([[storeIdName, textBytes(storeId)]]))
    return storeId
  }

  /** The state is here: what is not known to be sent is sent first. */
  async #goOn(storeId: string, sent: bigint): Promise<void> {
    const store = this.#opened()
    await store.commit(undefined, new Map(cleared(store, sent)))
    const entries = unsent(store, sent)
    for (const role of ['input', 'exchange'] as const)
      this.#feed.seek(role, storedPosition(store, role) ?? start)
    const { publisher } = await this.#start(storeId, sent, entries)
    await publisher.begin()
  }

  /** The state is made anew from what was published, if anything was. */
  async #startAnew(storeId: string, committed: readonly GroupOffset[]): Promise<void> {
    const { client, topics } = this.#options
    const positions = committedPositions(committed, topics)
    const input = positions.get('input') ?? start
    const exchange = positions.get('exchange') ?? start
    this.#feed.seek('input', input)
    // A copy has come so far already.
    for (const purpose of ['exchange', 'accepted'] as const)
      this.#feed.seek(purpose, storedPosition(this.#opened(), purpose) ?? start)
    const { publisher, outbox, outputs } = await this.#start(storeId, 0n, [], exchange)
    const reminders = outputs.exchange.reminders()
    const gone = await rebuild({
      client,
      feed: this.#feed,
      store: this.#opened(),
      topics,
      partition: this.number,
      signal: this.#stop.signal,
      progress: (read, total) => (this.#rebuilt = { read, total }),
    })
    this.#stop.signal.throwIfAborted()
    // What was read beyond is taken in again: of that nobody has published what it leads to.
    this.#feed.seek('exchange', exchange)
    const reached = [
      ['input', input],
      ['exchange', exchange],
    ] as const
    outbox.rebuilt()
    const records = reached.map(([role, position]) => [positionName(role), encodePosition(position)] as const)
    await this.#opened().commit(undefined, new Map(records))
    await publisher.begin([...gone, ...reminders])
  }

  async #start(
    storeId: string,
    sent: bigint,
    entries: readonly Entry[],
    rebuiltUpTo?: Position,
  ): Promise<{ publisher: Publisher; outbox: Outbox; outputs: Outputs }> {
    const { addon, engine: engineOptions, limits, topics } = this.#options
    const store = this.#opened()
    this.#engine = await engineFor(addon, engineOptions, store)
    const positions = new Map<Role, Position>([
      ['input', this.#feed.next('input')],
      ['exchange', rebuiltUpTo ?? this.#feed.next('exchange')],
    ])
    const outputs = new Outputs(outputContext(this.#options, this.number, store))
    this.#published = this.#feed.next('input').offset
    const outbox = new Outbox(
      outputs,
      entries.at(-1)?.sequence ?? sent,
      sent,
      positions,
      rebuiltUpTo !== undefined,
    )
    const delivery = this.#delivery
    if (!delivery) throw new RangeError('nothing was opened')
    const publisher = new Publisher(
      {
        outbox,
        delivery,
        topics,
        partition: this.number,
        storeId,
        bytesMax: limits.kafkaUnsentBytes,
        bytesPerTransaction: limits.kafkaTransactionBytes,
        retryMs: limits.kafkaRetryMs,
        retryMsMax: limits.kafkaRetryMsMax,
        closeMs: limits.kafkaCloseMs,
        sent: (group, seconds) => this.#noteSent(group, seconds),
        failed: (error) => this.#fail(error),
      },
      entries,
    )
    this.#publisher = publisher
    this.#running = run(this.#runOptions(store, this.#engine, outbox, publisher))
    this.#running.catch((error: unknown) => this.#fail(error))
    return { publisher, outbox, outputs }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    if (this.#ready) this.#failed(error)
    this.#ready = false
    this.#stop.abort()
  }

  #noteSent(group: readonly Entry[], seconds: number): void {
    this.#published = group.at(-1)?.positions.get('input')?.offset ?? this.#published
    this.#options.sent(this.number, group, seconds)
  }

  #runOptions(store: DiskStore, engine: NativeEngine, outbox: Outbox, publisher: Publisher): Run {
    const { addon, engine: engineOptions, limits, commit, retryMs, watch, note } = this.#options
    return watch(
      {
        sources: [this.#feed],
        store,
        engine,
        record: (table, key, value) => addon.record(table, key, value),
        ...(retryMs && { retryMs }),
        framer: () => addon.framer(engineOptions),
        sinks: [publisher],
        outbox: (part) => outbox.recordsOf(part),
        tally: new Tally(),
        commit,
        limits,
        pace: new Pace(limits),
        signal: this.#stop.signal,
        note,
      },
      this.number,
    )
  }

  #opened(): DiskStore {
    if (this.#store) return this.#store
    throw new RangeError('the partition is not open')
  }
}
