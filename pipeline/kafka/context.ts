import type { Addon } from '../../native/addon.ts'
import type { StoreReader } from '../store/store.ts'
import { partitionOf } from './murmur2.ts'
import type { Topics } from './topics.ts'

/** What the outputs of one partition depend on. */
export interface OutputContext {
  readonly addon: Addon
  readonly store: StoreReader
  readonly topics: Topics
  readonly partition: number
  readonly partitions: number
  /** What one record may be; a larger one is not sent. */
  readonly recordBytesMax: number
  /** Whether partitions are chosen by AID; otherwise all AIDs of a partition are its own. */
  readonly keyed: boolean
}

/** Whether an AID is one of this partition. */
export const isOwn = ({ keyed, partition, partitions }: OutputContext, aid: string): boolean =>
  !keyed || partitionOf(Buffer.from(aid, 'latin1'), partitions) === partition
