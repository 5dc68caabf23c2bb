import { PipelineError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import type { Client, TopicPlan } from './client/client.ts'

/** What a fleet writes, and the names of the topics; one that is left out is not written. */
export interface Topics {
  readonly input: string
  /** Accepted events, with what was attached to them later: from it a partition is rebuilt. */
  readonly accepted: string
  /** What waits, as a table: an entry's last record says how it stands, and without value that it has left. */
  readonly escrows: string
  /** Logs of AIDs on their way to partitions where something waits for them, and who waits. */
  readonly exchange: string
  readonly deadLetters: string
  /** The last key state of each AID. */
  readonly states?: string | undefined
  readonly duplicity?: string | undefined
}

export type Sort = Exclude<keyof Topics, 'input'>

const compacted = { 'cleanup.policy': 'compact' }
const forever = { 'cleanup.policy': 'delete', 'retention.ms': '-1' }

/** What a batch of one record has beside the value: key, headers, and what the broker notes. */
const batchHeadBytes = 65_536

const settings: Readonly<Record<Sort, Readonly<Record<string, string>>>> = {
  accepted: forever,
  escrows: compacted,
  exchange: compacted,
  deadLetters: forever,
  states: compacted,
  duplicity: forever,
}

/** Whether records may be larger than those of the input. */
const isLarge = (sort: Sort): boolean => sort !== 'deadLetters'

/** The topics that are written, by what they hold. */
export const written = (topics: Topics): readonly (readonly [sort: Sort, topic: string])[] =>
  (Object.keys(settings) as Sort[]).flatMap((sort) => {
    const topic = topics[sort]
    return topic === undefined ? [] : [[sort, topic]]
  })

/** What goes into one request for a partition of a topic that is written: what its brokers take at once. */
export const requestBytesOf =
  (
    { deadLetters }: Topics,
    { kafkaRequestBytes, kafkaOutputBytes }: Pick<Limits, 'kafkaRequestBytes' | 'kafkaOutputBytes'>,
  ) =>
  (topic: string): number =>
    topic === deadLetters ? kafkaRequestBytes : kafkaOutputBytes

export interface TopicOptions {
  /** Copies of topics that are made. */
  readonly replicas: number
  readonly limits: Pick<Limits, 'kafkaOutputBytes'>
}

/**
 * Makes the topics that are missing, with as many partitions as the input has. Resolves to how many.
 *
 * @throws PipelineError `config/topics`: there is no input, or a topic has another number of partitions, or is not for
 * records as large as an event can get.
 */
export async function prepareTopics(
  client: Client,
  topics: Topics,
  { replicas, limits }: TopicOptions,
): Promise<number> {
  const all = written(topics)
  const bytes = limits.kafkaOutputBytes + batchHeadBytes
  const found = await client.partitions([topics.input, ...all.map(([, topic]) => topic)])
  const partitions = found.get(topics.input)
  if (partitions === undefined)
    throw new PipelineError('config/topics', {
      what: `there is no topic ${topics.input}`,
      next: 'make it, with as many partitions as there may ever be workers, or correct topics.input',
    })
  for (const [, topic] of all) {
    const count = found.get(topic)
    if (count === undefined || count === partitions) continue
    throw new PipelineError('config/topics', {
      what: `the topic ${topic} has ${count} partitions, ${topics.input} has ${partitions}`,
      next: 'what one partition leads to is written to the partition of the same number: name another topic',
    })
  }
  const large = all.flatMap(([sort, topic]) => (isLarge(sort) && found.has(topic) ? [topic] : []))
  for (const [topic, most] of await client.batchBytes(large))
    if (most < bytes)
      throw new PipelineError('config/topics', {
        what: `the topic ${topic} takes ${most} bytes at once, an event that is accepted may need ${bytes}`,
        next: `set its max.message.bytes to ${bytes} with kafka-configs, or lower limits.kafkaOutputBytes: larger events are then missing in it`,
      })
  const missing = all.filter(([, topic]) => !found.has(topic))
  const plans = missing.map(([sort, topic]): TopicPlan => ({
    topic,
    partitions,
    replicas,
    settings: { ...settings[sort], ...(isLarge(sort) && { 'max.message.bytes': `${bytes}` }) },
  }))
  if (plans.length > 0) await client.create(plans)
  return partitions
}
