import { randomUUID } from 'node:crypto'

import type { Row } from '../../native/batch.ts'
import type { Order } from '../orders.ts'
import { bytesText, textBytes } from '../text.ts'
import { evidenceKind, keyOf, type Entry, type EntryQuery } from './entry.ts'
import { entries, type EscrowReader } from './list.ts'

/** What carries changes out: the orders of a run. */
export interface Changer {
  give(order: Order): Promise<readonly Row[]>
}

export interface EscrowManager extends EscrowReader {
  readonly changer: Changer
  /** Entries that go into one order. */
  readonly keysPerOrder: number
}

/** What a retry or a removal came to. */
export interface Changed {
  readonly type: 'escrow-retry' | 'escrow-remove'
  /** Entries that were meant. */
  readonly entries: number
  /** What became of them and of what they woke, by verdict; entries that stay as they were are not in it. */
  readonly became: Readonly<Record<string, number>>
}

/** Looks at entries again, as all kinds that they are in or only as the one that the query names. */
export async function retry(manager: EscrowManager, query: EntryQuery): Promise<Changed> {
  const order = (keys: Uint8Array[]): Order => ({ op: 'retry', keys, escrow: query.kind })
  return { type: 'escrow-retry', ...(await change(manager, query, order)) }
}

export interface Removal {
  /** Who wants it, for the audit. */
  readonly by: string
  /** No record of it is kept. */
  readonly silent: boolean
}

/**
 * Takes entries out. What was taken out, when and by whom goes into the audit in the same transaction, unless it is to
 * be silent. Evidence of duplicity stays unless the query names its kind.
 */
export async function remove(
  manager: EscrowManager,
  query: EntryQuery,
  { by, silent }: Removal,
): Promise<Changed> {
  const order = (keys: Uint8Array[], removed: readonly Entry[]): Order => ({
    op: 'remove',
    keys,
    ...(!silent && { records: new Map([auditRecord(by, removed.map(audited))]) }),
  })
  const meant = { ...query, withoutEvidence: query.kind !== evidenceKind }
  return { type: 'escrow-remove', ...(await change(manager, meant, order)) }
}

async function change(
  manager: EscrowManager,
  query: EntryQuery,
  orderOf: (keys: Uint8Array[], batch: readonly Entry[]) => Order,
): Promise<Omit<Changed, 'type'>> {
  const became: Record<string, number> = {}
  let count = 0
  const carryOut = async (batch: readonly Entry[]): Promise<void> => {
    if (batch.length === 0) return
    count += batch.length
    const keys = batch.map(({ cursor }) => keyOf(cursor))
    for (const { verdict } of await manager.changer.give(orderOf(keys, batch)))
      became[verdict] = (became[verdict] ?? 0) + 1
  }
  let batch: Entry[] = []
  for await (const entry of entries(manager, query)) {
    batch.push(entry)
    if (batch.length < manager.keysPerOrder) continue
    await carryOut(batch)
    batch = []
  }
  await carryOut(batch)
  return { entries: count, became }
}

/** One removal, as it is remembered (docs/json.md). */
export interface Audited {
  readonly type: 'escrow-removed'
  readonly at: string
  readonly by: string
  readonly entries: readonly AuditedEntry[]
}

interface AuditedEntry {
  readonly aid: string
  readonly sn: string
  readonly said: string
  readonly kinds: readonly string[]
}

const audited = ({ aid, sn, said, kinds }: Entry): AuditedEntry => ({
  aid,
  sn,
  said,
  kinds: kinds.map(({ kind }) => kind),
})

const auditPrefix = 'audit/'

function auditRecord(by: string, removed: readonly AuditedEntry[]): [name: string, value: Uint8Array] {
  const at = new Date().toISOString()
  const record: Audited = { type: 'escrow-removed', at, by, entries: removed }
  return [`${auditPrefix}${at}/${randomUUID()}`, textBytes(JSON.stringify(record))]
}

/** All removals that were not silent, in order of time. */
export function* audit({ store }: Pick<EscrowReader, 'store'>): Iterable<Audited> {
  for (const { value } of store.scan('meta', { prefix: textBytes(auditPrefix) }))
    yield JSON.parse(bytesText(value)) as Audited
}
