import type { Addon } from '../../native/addon.ts'
import { tableNames, type TableName } from '../../native/tables.ts'
import { stateDigest } from '../replay.ts'
import type { StoreReader } from '../store/store.ts'

/** What is held in the end, a line for each key state, waiting entry, piece of evidence and superseded event. */
export interface Held {
  readonly states: ReadonlySet<string>
  readonly waiting: ReadonlySet<string>
  readonly superseded: ReadonlySet<string>
}

/** What a store holds, with a line for each event in a log. */
export interface Stored extends Held {
  readonly logged: ReadonlySet<string>
}

export type Row = Readonly<Record<string, unknown>>

export const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const fields = ['kt', 'k', 'nt', 'n', 'bt', 'b', 'di']
const place = (row: Row): string => `${text(row['aid'])} ${text(row['sn'])} ${text(row['said'])}`
const established = (row: Row): string => fields.map((name) => JSON.stringify(row[name])).join(' ')

/** The lines of a truth. */
export const rowsOf = (truth: string): Row[] =>
  truth
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)

/** What the truth says. */
export function heldByTruth(rows: readonly Row[]): Held {
  const of = (types: readonly string[], line: (row: Row) => string): Set<string> =>
    new Set(rows.filter(({ type }) => types.includes(text(type))).map(line))
  return {
    states: of(['aid'], (row) => `${place(row)} ${text(row['ilk'])} ${established(row)}`),
    waiting: of(['waiting', 'evidence'], (row) => `${place(row)} ${text(row['kind'])}`),
    superseded: of(['superseded'], place),
  }
}

/** What a store holds. */
export function heldByStore(addon: Addon, store: StoreReader): Stored {
  const states = new Set<string>()
  const ends = new Map<string, bigint>()
  for (const { key, value } of store.scan('aids')) {
    const aid = Buffer.from(key).toString('latin1')
    const state = addon.keyState(aid, value, false)
    if (state === null) continue
    const row = JSON.parse(state) as Row
    states.add(`${aid} ${text(row['s'])} ${text(row['d'])} ${text(row['et'])} ${established(row)}`)
    ends.set(aid, BigInt(`0x${text(row['s'])}`))
  }
  const waiting = new Set<string>()
  for (const row of records(addon, store, 'waiting'))
    for (const kind of row['kinds'] as readonly Row[]) waiting.add(`${place(row)} ${text(kind['kind'])}`)
  const [logged, superseded] = [new Set<string>(), new Set<string>()]
  for (const row of records(addon, store, 'kel')) {
    const [aid, sn, events] = [text(row['aid']), text(row['sn']), row['events'] as readonly Row[]]
    for (const { said } of events) logged.add(`${aid} ${sn} ${text(said)}`)
    // Above the last event nothing counts.
    const counting = BigInt(`0x${sn}`) <= (ends.get(aid) ?? -1n) ? 1 : 0
    for (const { said } of events.slice(0, events.length - counting))
      superseded.add(`${aid} ${sn} ${text(said)}`)
  }
  return { states, waiting, superseded, logged }
}

function* records(addon: Addon, store: StoreReader, table: TableName): Iterable<Row> {
  for (const { key, value } of store.scan(table)) {
    const json = addon.record(tableNames.indexOf(table), key, value)
    if (json !== null) yield JSON.parse(json) as Row
  }
}

/** The digest of everything but dates and the order in which AIDs were first seen. */
export const digestOf = (addon: Addon, store: StoreReader): string => stateDigest(addon, store, true)

/** Lines that only one of two has, a few of each. */
export function differences(what: string, wanted: ReadonlySet<string>, found: ReadonlySet<string>): string[] {
  const shown = 3
  const only = (a: ReadonlySet<string>, b: ReadonlySet<string>): string[] =>
    [...a].filter((line) => !b.has(line)).slice(0, shown)
  return [
    ...only(wanted, found).map((line) => `${what}: missing ${line}`),
    ...only(found, wanted).map((line) => `${what}: unexpected ${line}`),
  ]
}
