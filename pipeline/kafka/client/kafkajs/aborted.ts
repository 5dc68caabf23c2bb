import type { RecordBatch } from '../batches.ts'

/** A transaction that was given up; both are decimal numbers. */
export interface Aborted {
  readonly producerId: string
  readonly firstOffset: string
}

/** The key of a mark stands behind a record's length, attributes, time, offset and the key's own length, each of one byte. */
const markKeyAt = 5
/** The key is version and type, of two bytes each. The type of those that abort is 0. */
const typeAt = markKeyAt + 3

/**
 * Batches without marks, and without those of aborted transactions. A broker lists these by their ends; kafkajs takes them
 * to be in the order of their beginnings, and so lets records pass of one that began before another and ended after it.
 *
 * Source: Kafka protocol guide, Fetch API and control batches.
 */
export function committed(
  batches: readonly RecordBatch[],
  aborted: readonly Aborted[] | null | undefined,
): readonly RecordBatch[] {
  const firsts = new Map<bigint, bigint[]>()
  for (const { producerId, firstOffset } of aborted ?? []) {
    const id = BigInt(producerId)
    firsts.set(id, [...(firsts.get(id) ?? []), BigInt(firstOffset)])
  }
  for (const offsets of firsts.values()) offsets.sort((a, b) => (a < b ? -1 : 1))
  return batches.filter(({ first, producerId, control, transactional, bytes }) => {
    const next = firsts.get(producerId)
    const begun = next?.[0] !== undefined && next[0] <= BigInt(first)
    if (begun && control && bytes[typeAt] === 0) next.shift()
    return !control && !(begun && transactional)
  })
}
