import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { KafkaMessage } from 'kafkajs'

import { kafkajs } from '../../pipeline/kafka/client/kafkajs/library.ts'
import type { Field } from './fleet.ts'

/** A committed record and who sent it: each owner of a partition has an epoch of its own. */
interface Told {
  readonly offset: string
  readonly atMs: number
  readonly epoch: number
  readonly headers: Readonly<Record<string, string>>
}

/** What kafkajs knows of a record and its types leave out. */
type Sent = KafkaMessage & { readonly batchContext?: { readonly producerEpoch: number } }

/** Log lines that are told of so long before and after the records. */
const beforeMs = 30_000
const afterMs = 5_000

/** All that is known of events that were published more than once: their records, and what the workers said meanwhile. */
export async function toldOf(field: Field, address: string, saids: readonly string[]): Promise<string> {
  const accepted = await field.records(field.topics.accepted)
  const texts = saids.map(async (said) => {
    const partition = accepted.findIndex((records) => records.some(({ headers }) => headers['said'] === said))
    const records = (await tellingsOf(address, field.topics.accepted, partition)).filter(
      ({ headers }) => headers['said'] === said,
    )
    const times = records.map(({ atMs }) => atMs)
    const lines = linesOf(field, partition, Math.min(...times) - beforeMs, Math.max(...times) + afterMs)
    const shown = records.map(
      ({ offset, atMs, epoch, headers }) =>
        `  offset ${offset}, epoch ${epoch}, ${new Date(atMs).toISOString()}, ${JSON.stringify(headers)}`,
    )
    return [`${said} in partition ${partition}`, ...shown, ...lines].join('\n')
  })
  return (await Promise.all(texts)).join('\n\n')
}

/** The records of a partition, aborted ones left out, as a consumer of kafkajs itself sees them. */
async function tellingsOf(address: string, topic: string, partition: number): Promise<Told[]> {
  const kafka = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const end = BigInt(offsets.find((each) => each.partition === partition)?.high ?? 0)
  const consumer = kafka.consumer({ groupId: randomUUID() })
  const told: Told[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const done = new Promise<void>((resolve) =>
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      if (payload.partition === partition && BigInt(payload.lastOffset) + 1n >= end) resolve()
    }),
  )
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      if (batch.partition === partition) told.push(...batch.messages.map(tellingOf))
    },
  })
  await done
  await consumer.disconnect()
  return told
}

const tellingOf = ({ offset, timestamp, headers, batchContext }: Sent): Told => ({
  offset,
  atMs: Number(timestamp),
  epoch: batchContext?.producerEpoch ?? -1,
  headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)])),
})

/** What workers wrote of a partition at a time, in its order; each line begins with when that was. */
function linesOf(field: Field, partition: number, fromMs: number, toMs: number): string[] {
  const folder = dirname(field.directory('any'))
  const place = `${field.topics.input}/${partition}`
  const lines = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line.includes(`${place}:`) || line.includes(' is killed '))
        .map((line) => `  ${line.slice(0, 24)} ${name} ${line.slice(25)}`),
    )
  return lines
    .filter((line) => {
      const at = Date.parse(line.slice(2, 26))
      return at >= fromMs && at <= toMs
    })
    .toSorted()
}
