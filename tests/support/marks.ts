import { setTimeout } from 'node:timers/promises'

import type { Client } from '../../pipeline/kafka/client/client.ts'
import { kafkajs } from '../../pipeline/kafka/client/kafkajs/library.ts'

/** What kafkajs asks brokers through, made so that it is told of records whose transaction has not ended, too. */
interface Cluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  fetchTopicsOffset(
    topics: readonly {
      topic: string
      fromBeginning: boolean
      partitions: readonly { partition: number }[]
    }[],
  ): Promise<{ partitions: { partition: number; offset: string }[] }[]>
}

/** For so long an open transaction is waited for, in milliseconds; a test may leave one open. */
const patienceMs = 10_000
const pauseMs = 20

/**
 * Resolves when no transaction is open in a partition of a topic. Brokers mark the end of a transaction in the topics a
 * moment after they have answered that it is committed, and only then its records are there for `read_committed`.
 */
export async function marked(
  client: Client,
  address: string,
  topic: string,
  partitions: number,
): Promise<void> {
  const cluster = clusterOf(address)
  await cluster.connect()
  try {
    await cluster.addTargetTopic(topic)
    for (const end = performance.now() + patienceMs; performance.now() < end; await setTimeout(pauseMs)) {
      const highs = await highsOf(cluster, topic, partitions)
      const stable = await Promise.all(highs.map(async (_, partition) => client.end(topic, partition)))
      if (highs.every((high, partition) => (stable[partition] ?? 0n) >= high)) return
    }
  } finally {
    await cluster.disconnect()
  }
}

async function highsOf(cluster: Cluster, topic: string, count: number): Promise<bigint[]> {
  const partitions = Array.from({ length: count }, (_, partition) => ({ partition }))
  const [found] = await cluster.fetchTopicsOffset([{ topic, fromBeginning: false, partitions }])
  return partitions.map(({ partition }) =>
    BigInt(found?.partitions.find((each) => each.partition === partition)?.offset ?? 0),
  )
}

/** The isolation level that shows everything. */
const uncommitted = 0

function clusterOf(address: string): Cluster {
  const kafka = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING })
  const name = Object.getOwnPropertySymbols(kafka).find(({ description }) =>
    description?.endsWith('createCluster'),
  )
  if (!name) throw new Error('kafkajs makes its clusters otherwise')
  const create = Reflect.get(kafka, name) as (options: object) => Cluster
  return create({ metadataMaxAge: 60_000, isolationLevel: uncommitted })
}
