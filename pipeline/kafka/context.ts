import type { Addon } from '../../native/addon.ts'
import type { Limits } from '../limits.ts'
import type { StoreReader } from '../store/store.ts'
import { partitionOf } from './murmur2.ts'
import { requestBytesOf, type Topics } from './topics.ts'

/** What the outputs of one partition depend on. */
export interface OutputContext {
  readonly addon: Addon
  readonly store: StoreReader
  readonly topics: Topics
  readonly partition: number
  readonly partitions: number
  /** What a dead letter may be, and any other record; a larger one is not sent. */
  readonly letterBytesMax: number
  readonly recordBytesMax: number
  /** What goes into one request for a partition of a topic, unless one record is more. */
  readonly requestBytesOf: (topic: string) => number
  /** Whether partitions are chosen by AID; otherwise all AIDs of a partition are its own. */
  readonly keyed: boolean
}

/** Whether an AID is one of this partition. */
export const isOwn = (
  { keyed, partition, partitions }: Pick<OutputContext, 'keyed' | 'partition' | 'partitions'>,
  aid: string,
): boolean => !keyed || partitionOf(Buffer.from(aid, 'latin1'), partitions) === partition

type Options = Pick<OutputContext, 'addon' | 'topics' | 'partitions' | 'keyed'> & {
  readonly limits: Parameters<typeof requestBytesOf>[1] & Pick<Limits, 'kafkaRecordBytes'>
}

/** What the outputs of a partition of a worker depend on. */
export const outputContext = (
  { addon, topics, partitions, keyed, limits }: Options,
  partition: number,
  store: StoreReader,
): OutputContext => ({
  addon,
  store,
  topics,
  partition,
  partitions,
  keyed,
  letterBytesMax: limits.kafkaRecordBytes,
  recordBytesMax: limits.kafkaOutputBytes,
  requestBytesOf: requestBytesOf(topics, limits),
})
