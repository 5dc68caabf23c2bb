import type { Client, GroupOffset, Member, Producer, TransactionalProducer } from './client/client.ts'
import { batchBytes, type RecordSet } from './client/packed.ts'
import { progressOf, type Delivery } from './publisher.ts'

export interface DeliveryOptions {
  readonly client: Client
  readonly group: string
  /** The input, whose partition names the transactional id. */
  readonly topics: readonly string[]
  readonly partition: number
  readonly storeId: string
  /** What goes into one request for a partition of a topic. */
  readonly requestBytesOf: (topic: string) => number
}

/** One id for each partition of the input: who has the partition next fences the one before. */
export const transactionalId = (group: string, input: string, partition: number): string =>
  `${group}-${input}-${partition}`

/** Outputs and offsets in one transaction. */
export class TransactionalDelivery implements Delivery {
  readonly #options: DeliveryOptions
  #producer: TransactionalProducer

  constructor(options: DeliveryOptions, producer: TransactionalProducer) {
    this.#options = options
    this.#producer = producer
  }

  async send(sets: readonly RecordSet[], offsets: readonly GroupOffset[]): Promise<void> {
    const { group, requestBytesOf } = this.#options
    const producer = this.#producer
    await producer.begin()
    for (const request of requests(sets, requestBytesOf)) await producer.send(request)
    await producer.offsets(group, offsets)
    await producer.commit()
  }

  async recover(): Promise<bigint | undefined> {
    const { client, group, topics, partition } = this.#options
    await this.close()
    this.#producer = await client.transactional(transactionalId(group, topics[0] ?? '', partition))
    return sentBy(this.#options)
  }

  async close(): Promise<void> {
    await this.#producer.close().catch(() => undefined)
  }
}

/** Outputs, then offsets: after a failure some outputs come again. */
export class PlainDelivery implements Delivery {
  readonly #options: DeliveryOptions
  readonly #member: Pick<Member, 'commit'>
  #producer: Producer

  constructor(options: DeliveryOptions, producer: Producer, member: Pick<Member, 'commit'>) {
    this.#options = options
    this.#producer = producer
    this.#member = member
  }

  async send(sets: readonly RecordSet[], offsets: readonly GroupOffset[]): Promise<void> {
    for (const request of requests(sets, this.#options.requestBytesOf)) await this.#producer.send(request)
    await this.#member.commit(offsets)
  }

  async recover(): Promise<bigint | undefined> {
    await this.close()
    this.#producer = await this.#options.client.producer()
    return sentBy(this.#options)
  }

  async close(): Promise<void> {
    await this.#producer.close().catch(() => undefined)
  }
}

/** The last entry that is sent, as the group's offsets say; nothing if they are of another store. */
async function sentBy({
  client,
  group,
  topics,
  partition,
  storeId,
}: DeliveryOptions): Promise<bigint | undefined> {
  const committed = await client.committed(group, topics, partition)
  const progress = committed.map(({ metadata }) => progressOf(metadata)).find((found) => found !== undefined)
  return progress?.storeId === storeId ? progress.sequence : undefined
}

/** Sets as requests in which no partition gets more than a broker takes at once. */
export function* requests(
  sets: readonly RecordSet[],
  bytesMax: (topic: string) => number,
): Iterable<readonly RecordSet[]> {
  let request: RecordSet[] = []
  let sizes = new Map<string, number>()
  for (const set of sets) {
    const place = `${set.topic} ${set.partition}`
    const bytes = batchBytes(set)
    const before = sizes.get(place) ?? 0
    if (before > 0 && before + bytes > bytesMax(set.topic)) {
      yield request
      request = []
      sizes = new Map()
    }
    request.push(set)
    sizes.set(place, (sizes.get(place) ?? 0) + bytes)
  }
  if (request.length > 0) yield request
}
