import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { reasonOf } from '../errors.ts'
import type { Client, LogBatch, Member, MemberHandler } from './client/client.ts'
import { Fenced } from './client/client.ts'
import { Copies } from './copies.ts'
import { Partition, type PartitionOptions, type PartitionStatus } from './partition.ts'
import type { Role } from './position.ts'
import { prepareTopics } from './topics.ts'

export interface WorkerOptions extends Omit<
  PartitionOptions,
  'member' | 'partitions' | 'directory' | 'copyDirectory' | 'sent'
> {
  readonly client: Client
  /** The folder of the databases, one for each partition. */
  readonly directory: string
  /** Copies of topics that are made. */
  readonly replicas: number
  /** Whether copies are kept of the partitions that others have. */
  readonly standby: boolean
  readonly sent: PartitionOptions['sent']
}

/** What a worker has done so far. */
export interface WorkerStatus {
  /** Whether the group has given it partitions, be it none. */
  readonly joined: boolean
  readonly rebalances: number
  readonly restarts: number
  readonly partitions: ReadonlyMap<number, PartitionStatus>
  /** How far copies of others' partitions have come with the accepted events. */
  readonly copies: ReadonlyMap<number, bigint>
  /** Ends of the input's partitions, as last heard. */
  readonly ends: ReadonlyMap<number, bigint>
}

/** One worker of a fleet: the partitions of a topic that its group gives it, each with its own state. */
export class Worker implements MemberHandler {
  readonly #options: WorkerOptions
  readonly #partitions = new Map<number, Partition>()
  readonly #ends = new Map<number, bigint>()
  readonly #opening = new Map<number, Promise<void>>()
  readonly #roles: ReadonlyMap<string, Role>
  #assigned: ReadonlySet<number> = new Set()
  /** Partitions that others have had since: the databases here are behind. */
  readonly #lost = new Set<number>()
  #member: Member | undefined
  #copies: Copies | undefined
  #count = 0
  #rebalances = 0
  #restarts = 0
  /** How long to wait before a partition is tried again. */
  readonly #pauses = new Map<number, number>()
  #end: (() => void) | undefined
  #failure: unknown
  #leaving = false
  readonly #ended: Promise<void>

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#roles = new Map([
      [options.topics.input, 'input'],
      [options.topics.exchange, 'exchange'],
    ])
    this.#ended = new Promise((resolve) => (this.#end = resolve))
  }

  get status(): WorkerStatus {
    return {
      joined: this.#rebalances > 0,
      rebalances: this.#rebalances,
      restarts: this.#restarts,
      partitions: new Map(Array.from(this.#partitions, ([number, partition]) => [number, partition.status])),
      copies: this.#copies?.offsets ?? new Map(),
      ends: this.#ends,
    }
  }

  get directory(): string {
    return this.#options.directory
  }

  /** The partitions that are open. */
  get open(): readonly Partition[] {
    return [...this.#partitions.values()]
  }

  /** Works until the signal; then brings everything to an end and leaves the group. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, topics, group, note, directory, standby } = this.#options
    mkdirSync(directory, { recursive: true })
    this.#count = await prepareTopics(client, topics, this.#options)
    this.#member = client.member({
      group,
      topics: [topics.input, topics.exchange],
      preferred: () => this.#heldAs('partition'),
      ...(standby && { standby: () => this.#heldAs('copy') }),
    })
    if (standby) this.#copies = new Copies(this.#partitionOptions())
    const stop = (): void => this.#end?.()
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    try {
      await this.#member.join(this)
      note(`joined the group ${group}: ${topics.input} has ${this.#count} partitions`)
      await this.#ended
    } finally {
      signal.removeEventListener('abort', stop)
      await this.#close()
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  assigned(partitions: readonly number[]): void {
    this.#rebalances += 1
    // Others may leave at the same time; what the group then gives to us, who are about to leave too, is not taken.
    if (this.#leaving) return
    const before = this.#assigned
    this.#assigned = new Set(partitions)
    const all = Array.from({ length: this.#count }, (_, number) => number)
    this.#copies?.want(all.filter((number) => !this.#assigned.has(number)))
    for (const number of before) {
      if (this.#assigned.has(number)) continue
      this.#lost.add(number)
      this.#partitions.get(number)?.abandon()
      void this.#enqueue(number)
    }
    for (const number of partitions) {
      this.#lost.delete(number)
      const partition = this.#partitions.get(number)
      if (partition?.status.ready) this.#flow(partition)
      else {
        this.#eachRole((topic) => this.#member?.pause(topic, number))
        void this.#enqueue(number)
      }
    }
  }

  /**
   * Takes what there is room for. A partition without room is not fetched until it has some: waiting here would hold back
   * every other partition of the same fetch.
   */
  async records(batch: LogBatch): Promise<void> {
    const { topic, partition: number, from, end } = batch
    const role = this.#roles.get(topic)
    const partition = this.#partitions.get(number)
    if (role === undefined || !partition?.status.ready) return
    if (role === 'input') this.#ends.set(number, end)
    const { offset } = partition.next(role)
    // What was fetched before a seek took effect may begin behind what is to come next.
    if (from > offset) this.#member?.seek(topic, number, offset)
    else if (!partition.take(role, batch)) {
      this.#member?.pause(topic, number)
      void this.#resume(partition, topic, role)
    }
  }

  async #resume(partition: Partition, topic: string, role: Role): Promise<void> {
    await partition.room()
    if (this.#partitions.get(partition.number) !== partition || !partition.status.ready) return
    this.#member?.seek(topic, partition.number, partition.next(role).offset)
    this.#member?.resume(topic, partition.number)
  }

  troubled(error: unknown): void {
    this.#options.note(`the group ${this.#options.group} is not reached: ${reasonOf(error)}; trying again`)
  }

  failed(error: unknown): void {
    this.#failure ??= error
    this.#end?.()
  }

  /** Brings a partition to what the group last said of it, after what is being done to it already. */
  async #enqueue(number: number): Promise<void> {
    const before = this.#opening.get(number) ?? Promise.resolve()
    const next = before.then(async () => this.#settle(number))
    this.#opening.set(number, next)
    await next
  }

  async #settle(number: number): Promise<void> {
    const { note, topics } = this.#options
    const current = this.#partitions.get(number)
    const wanted = this.#assigned.has(number) && this.#failure === undefined
    if (current && (!wanted || !current.status.ready)) {
      this.#partitions.delete(number)
      this.#ends.delete(number)
      await current.close().catch(() => undefined)
    }
    if (!wanted || (current && this.#partitions.has(number))) return
    await this.#copies?.release(number)
    const partition = new Partition(this.#partitionOptions(), number)
    this.#partitions.set(number, partition)
    try {
      await partition.open((error) => void this.#again(number, error))
      this.#pauses.delete(number)
      note(`${topics.input}/${number}: going on at offset ${partition.next('input').offset}`)
      if (this.#assigned.has(number)) this.#flow(partition)
    } catch (error) {
      this.#partitions.delete(number)
      if (this.#assigned.has(number)) void this.#again(number, error)
    }
  }

  /** A partition that failed is opened again, unless another worker has it now; each time later. */
  async #again(number: number, error: unknown): Promise<void> {
    const { note, topics, limits } = this.#options
    this.#restarts += 1
    if (this.#assigned.has(number)) this.#eachRole((topic) => this.#member?.pause(topic, number))
    note(`${topics.input}/${number}: ${reasonOf(error)}`)
    const pauseMs = this.#pauses.get(number) ?? limits.kafkaRetryMs
    this.#pauses.set(number, Math.min(limits.kafkaRetryMsMax, pauseMs * 2))
    // Who was fenced is about to hear that the partition is another's.
    const waitMs = error instanceof Fenced ? limits.kafkaFencedMs : pauseMs
    await setTimeout(waitMs, undefined, { ref: false })
    await this.#enqueue(number)
  }

  /** Lets records come, from behind those that were taken. */
  #flow(partition: Partition): void {
    this.#eachRole((topic, role) => {
      this.#member?.seek(topic, partition.number, partition.next(role).offset)
      this.#member?.resume(topic, partition.number)
    })
  }

  #eachRole(act: (topic: string, role: Role) => void): void {
    for (const [topic, role] of this.#roles) act(topic, role)
  }

  async #close(): Promise<void> {
    this.#leaving = true
    const copies = this.#copies?.close()
    this.#assigned = new Set()
    for (const partition of this.open) partition.abandon()
    await Promise.all(Array.from(this.#partitions.keys(), async (number) => this.#enqueue(number)))
    await this.#member?.leave()
    await copies
  }

  /** Partitions whose state is in the folder, and may be the last there is, or of which there is a copy. */
  #heldAs(what: 'partition' | 'copy'): number[] {
    const { directory } = this.#options
    return readdirSync(directory)
      .filter((name) => name.startsWith(`${what}-`))
      .map((name) => Number(name.slice(what.length + 1)))
      .filter((number) => Number.isInteger(number) && (what === 'copy' || !this.#lost.has(number)))
  }

  #partitionOptions(): PartitionOptions {
    const { directory, ...rest } = this.#options
    const member = this.#member
    if (!member) throw new RangeError('the worker has not joined')
    return {
      ...rest,
      member,
      partitions: this.#count,
      directory: (number) => join(directory, `partition-${number}`),
      copyDirectory: (number) => join(directory, `copy-${number}`),
    }
  }
}
