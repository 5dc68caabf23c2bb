import { randomUUID } from 'node:crypto'

import { setTimeout } from 'node:timers/promises'

import type { Admin, Kafka, KafkaConfig } from 'kafkajs'

import { PipelineError } from '../../../errors.ts'
import type { Client, GroupOffset, LogBatch, TopicPlan } from '../client.ts'
import type { Connection } from '../settings.ts'
import { socketFactory } from './answers.ts'
import { kafkajs } from './library.ts'
import { KafkajsMember } from './member.ts'
import { plainProducer, transactionalProducer } from './producer.ts'
import { typeOf } from './protocol.ts'
import { reach } from './reach.ts'
import { readPartition } from './reader.ts'

/** kafkajs as a client. Its gaps, and what stands in for them here: docs/kafka.md. */
export async function kafkajsClient(connection: Connection): Promise<Client> {
  const config = configOf(connection)
  await reach(config, connection)
  const kafka = new kafkajs.Kafka(config)
  const admin = kafka.admin()
  await admin.connect()
  return {
    partitions: async (topics) => partitionsOf(admin, topics),
    create: async (plans) => create(admin, plans),
    batchBytes: async (topics) => batchBytesOf(admin, topics),
    end: async (topic, partition) => endOf(admin, topic, partition),
    committed: async (group, topics, partition) => committedOf(admin, group, topics, partition),
    transactional: async (id) => transactionalProducer(kafka, connection, id),
    producer: async () => plainProducer(kafka),
    member: (options) => new KafkajsMember(kafka, connection, options),
    read: (topic, partition, from, signal) =>
      readFrom({ kafka, admin, connection }, topic, partition, from, signal),
    close: async () => admin.disconnect(),
  }
}

function configOf({
  brokers,
  clientId,
  tls,
  sasl,
  connectTimeoutMs,
  requestTimeoutMs,
}: Connection): KafkaConfig {
  return {
    brokers: [...brokers],
    clientId,
    socketFactory,
    ...(tls && { ssl: { ...tls } }),
    ...(sasl && { sasl: sasl as NonNullable<KafkaConfig['sasl']> }),
    connectionTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 100, retries: 8, maxRetryTime: 5_000 },
  }
}

async function partitionsOf(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const known = new Set(await admin.listTopics())
  const wanted = topics.filter((topic) => known.has(topic))
  if (wanted.length === 0) return new Map()
  const { topics: found } = await fresh(async () => admin.fetchTopicMetadata({ topics: wanted }))
  return new Map(found.map(({ name, partitions }) => [name, partitions.length]))
}

async function create(admin: Admin, plans: readonly TopicPlan[]): Promise<void> {
  await admin.createTopics({
    waitForLeaders: false,
    topics: plans.map(({ topic, partitions, replicas, settings }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: replicas,
      configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
    })),
  })
  for (const { topic } of plans) await fresh(async () => admin.fetchTopicOffsets(topic))
}

async function batchBytesOf(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (topics.length === 0) return new Map()
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: ['max.message.bytes'],
    })),
  })
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Number(configEntries[0]?.configValue ?? 0),
    ]),
  )
}

async function endOf(admin: Admin, topic: string, partition: number): Promise<bigint> {
  const offsets = await fresh(async () => admin.fetchTopicOffsets(topic))
  const found = offsets.find((each) => each.partition === partition)
  if (found) return BigInt(found.high)
  throw new PipelineError('source/kafka', { what: `the topic ${topic} has no partition ${partition}` })
}

/** Tries of a request that met a broker which does not lead a partition yet, or any more, and the pause between. */
const freshTries = 50
const freshMs = 100

/** kafkajs asks brokers by what it heard of them last; of topics that are new that may be wrong for a moment. */
async function fresh<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1)
    try {
      return await ask()
    } catch (error) {
      if (tries === freshTries || !stale.has(typeOf(error))) throw error
      await setTimeout(freshMs)
    }
}

const stale: ReadonlySet<string> = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'UNKNOWN_TOPIC_OR_PARTITION',
])

async function committedOf(
  admin: Admin,
  group: string,
  topics: readonly string[],
  partition: number,
): Promise<GroupOffset[]> {
  const found = await admin.fetchOffsets({ groupId: group, topics: [...topics] })
  return found.flatMap(({ topic, partitions }) =>
    partitions
      .filter((each) => each.partition === partition && BigInt(each.offset) >= 0n)
      .map(({ offset, metadata }) => ({
        topic,
        partition,
        offset: BigInt(offset),
        metadata: metadata ?? '',
      })),
  )
}

interface Reading {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly connection: Connection
}

async function* readFrom(
  { kafka, admin, connection }: Reading,
  topic: string,
  partition: number,
  from: bigint,
  signal: AbortSignal,
): AsyncGenerator<LogBatch> {
  const end = await endOf(admin, topic, partition)
  if (end <= from) return
  const group = `${connection.clientId}-read-${randomUUID()}`
  yield* readPartition({ kafka, connection, group }, { topic, partition, from, end }, signal)
}
