import { expect } from 'vitest'

import { tableNumber } from '../../native/tables.ts'
import type { Entry } from '../../pipeline/escrow/entry.ts'
import type { LogRecord } from '../../pipeline/kafka/client/client.ts'
import { suiteBroker } from './broker.ts'
import { addon, Field, type Keyed, type Running } from './fleet.ts'
import { until } from './prometheus.ts'

/** Gives each test of a suite a field of its own, on a broker that they share. */
export function suiteFields(
  suite: string,
): (name: string, partitions: number, check: (field: Field) => Promise<void>) => Promise<void> {
  const kafka = suiteBroker(suite)
  return async (name, partitions, check) => {
    const field = await Field.open(kafka.broker.address, kafka.folder, name, partitions)
    try {
      await check(field)
    } finally {
      await field.client.close()
    }
  }
}

export const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

/** The same records for a reader, as texts that can be compared. */
export const eventsOf = (records: readonly LogRecord[][]): string[] =>
  records.flat().flatMap(({ headers: { said, late } }) => (late === undefined ? [said ?? ''] : []))

/** What waits of a partition's own AIDs, and since when. */
export const sinceOf = (field: Field, { worker }: Running): string[] =>
  worker.open
    .flatMap(({ number, store }) =>
      Array.from(store?.scan('waiting') ?? [], ({ key, value }) => {
        const json = addon.record(tableNumber('waiting'), key, value) ?? '{}'
        const { aid, sn, said, type, since, kinds } = JSON.parse(json) as Entry
        return field.partitionOf(aid) === number && kinds.length > 0
          ? [`${aid} ${sn} ${type} ${said} ${since}`]
          : []
      }).flat(),
    )
    .toSorted()

/** Waits until something holds, which it has to. */
export async function reached(holds: () => Promise<boolean>): Promise<void> {
  expect(await until(holds, 60_000), holds.toString()).toBe(true)
}

export const saidOf = ({ bytes }: Keyed): string => /"d":"([^"]+)"/.exec(text(bytes))?.[1] ?? ''

export const same = (one: readonly string[], other: readonly string[]): boolean => one.join() === other.join()

/** Whether a message needs the log of an AID of another partition: of its delegator, or of who signed a receipt. */
export function apart(field: Field, { aid, bytes }: Keyed): boolean {
  const needed = /"di":"([^"]+)"|-FAB(E[\w-]{43})/.exec(text(bytes))
  const other = needed?.[1] ?? needed?.[2]
  return other !== undefined && field.partitionOf(other) !== field.partitionOf(aid)
}
