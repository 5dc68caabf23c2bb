/** A record as kafkajs has decoded it, or a mark that ends a transaction; offsets and ids are decimal numbers. */
interface Decoded {
  readonly offset: string
  readonly key: Uint8Array | null
  readonly isControlRecord: boolean
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean }
}

interface Aborted {
  readonly producerId: string
  readonly firstOffset: string
}

export interface Fetched<Message extends Decoded> {
  readonly messages: readonly Message[]
  readonly abortedTransactions?: readonly Aborted[] | null
}

/** The key of a mark: version and type, of two bytes each. The type of those that abort is 0. */
const typeAt = 3

/**
 * What was fetched without the records of aborted transactions. A broker lists these by their ends; kafkajs takes them to
 * be in the order of their beginnings, and so lets records pass of one that began before another and ended after it.
 *
 * Source: Kafka protocol guide, Fetch API and control batches.
 */
export function committed<Message extends Decoded>({
  messages,
  abortedTransactions,
}: Fetched<Message>): readonly Message[] {
  if (!abortedTransactions?.length) return messages
  const firsts = new Map<string, bigint[]>()
  for (const { producerId, firstOffset } of abortedTransactions)
    firsts.set(producerId, [...(firsts.get(producerId) ?? []), BigInt(firstOffset)])
  for (const offsets of firsts.values()) offsets.sort((a, b) => (a < b ? -1 : 1))
  return messages.filter(({ offset, key, isControlRecord, batchContext }) => {
    const { producerId, inTransaction } = batchContext
    const next = firsts.get(producerId)
    const [first] = next ?? []
    if (!next || first === undefined || BigInt(offset) < first) return true
    if (isControlRecord && key?.[typeAt] === 0) next.shift()
    return isControlRecord || !inTransaction
  })
}
