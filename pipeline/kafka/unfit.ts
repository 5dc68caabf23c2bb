import type { Limits } from '../limits.ts'
import type { LogRecords } from './client/log.ts'
import { kindHeader } from './exchange.ts'
import type { Purpose } from './feed.ts'
import { partitionOf } from './murmur2.ts'
import type { Unfit } from './taken.ts'

interface Partitioning {
  readonly keyed: boolean
  readonly partitions: number
  readonly limits: Pick<Limits, 'kafkaRecordBytes'>
}

/** What is wrong with a record of a partition, as far as it can be told before it is cut. */
export function unfit(
  { keyed, partitions, limits }: Partitioning,
  partition: number,
  records: LogRecords,
  index: number,
  purpose: Purpose,
): Unfit | undefined {
  if (purpose === 'exchange' && records.at(index).headers[kindHeader] === 'interest') return 'interest'
  if (purpose !== 'input') return undefined
  const value = records.value(index)
  const key = records.key(index)
  if (!value || value.length === 0) return 'empty'
  if (value.length + (key?.length ?? 0) > limits.kafkaRecordBytes) return 'oversized'
  return keyed && key && partitionOf(key, partitions) !== partition ? 'misrouted' : undefined
}
