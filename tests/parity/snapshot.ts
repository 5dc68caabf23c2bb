import type { Addon } from '../../native/addon.ts'
import { tableNumber, type TableName } from '../../native/tables.ts'
import type { MemoryStore } from '../../pipeline/store/memory.ts'
import type { Escrows, Observation, StepResult } from './vector.ts'

interface Attached {
  readonly sigs: string[]
  readonly wigs: string[]
  readonly rcts: string[]
  readonly vrcs: string[]
}

interface WaitingRecord {
  readonly type: 'event' | 'receipt' | 'query'
  readonly aid: string
  readonly sn: string
  readonly said: string
  readonly kinds: readonly { readonly table: string; readonly order: number }[]
  readonly couple?: string | null
  readonly attached?: Attached
  readonly value?: string
  /** Of a query: who asks. */
  readonly signer?: string
}

export type Snapshot = Omit<Observation, 'events'>

/** A snapshot in the short form in which those after steps are recorded. */
export const stepResult = (afterStep: number, { keyStates, fels, escrows }: Snapshot): StepResult => ({
  afterStep,
  keyStates: Object.fromEntries(
    Object.entries(keyStates as Record<string, { s: string; d: string }>).map(([aid, { s, d }]) => [
      aid,
      `${s}/${d}`,
    ]),
  ),
  fels,
  escrows,
})

const text = new TextDecoder()

/** Whose form of the tables: 1.1.17's or the head's, which writes numbers short and lists anchor couples in `udes`. */
export type Form = 'stable' | 'head'

/** What a store holds, under the reference's table names. */
export function snapshot(addon: Addon, store: MemoryStore, form: Form): Snapshot {
  const json = (table: TableName): unknown[] =>
    Array.from(store.scan(table), ({ key, value }) =>
      JSON.parse(addon.record(tableNumber(table), key, value) ?? 'null'),
    )
  const states = Array.from(store.scan('aids'), ({ key, value }): [string, unknown] => {
    const aid = text.decode(key)
    return [aid, JSON.parse(addon.keyState(aid, value, true) ?? 'null')]
  })
  const waiting = json('waiting') as WaitingRecord[]
  return {
    keyStates: Object.fromEntries(states.filter(([, state]) => state !== null)),
    ...logs(json('kel') as KelRecord[]),
    escrows: escrowTables(waiting, form),
    attachments: attachments(json('log') as LogRecord[], json('late') as LateRecord[], waiting, form),
  }
}

interface KelRecord {
  readonly aid: string
  readonly sn: string
  readonly events: readonly { readonly fn: number; readonly said: string }[]
}

function logs(records: readonly KelRecord[]): Pick<Snapshot, 'kels' | 'fels'> {
  const kels: Snapshot['kels'] = {}
  const seen = new Map<string, [number, string][]>()
  for (const { aid, sn, events } of records) {
    ;(kels[aid] ??= {})[sn] = events.map(({ said }) => said)
    const list = seen.get(aid) ?? []
    list.push(...events.map(({ fn, said }): [number, string] => [fn, said]))
    seen.set(aid, list)
  }
  const fels = Array.from(seen, ([aid, list]): [string, string[]] => [
    aid,
    list.toSorted(([a], [b]) => a - b).map(([, said]) => said),
  ])
  return { kels, fels: Object.fromEntries(fels) }
}

/** Tables that the head keys by SAID and not by sequence number. */
const withoutSn = new Set(['mfes', 'ures'])

function escrowTables(waiting: readonly WaitingRecord[], form: Form): Escrows {
  const head = form === 'head'
  const rows: { table: string; aid: string; sn: string; order: number; row: Record<string, unknown> }[] = []
  for (const { type, aid, sn, said, kinds, couple, value, signer } of waiting) {
    const shown = (number: string): string => (head ? withShortNumber(number) : number)
    const val = type === 'receipt' ? { val: shown(`${said}${value}`) } : {}
    for (const { table, order } of kinds) {
      if (signer !== undefined) {
        rows.push({ table, aid: signer, sn: '0', order, row: { aid: signer, said } })
        continue
      }
      const place = head && withoutSn.has(table) ? {} : { sn }
      rows.push({ table, aid, sn, order, row: { aid, ...place, said, ...val } })
    }
    if (couple)
      rows.push({ table: head ? 'udes' : 'pdes', aid, sn, order: 0, row: { aid, said, val: shown(couple) } })
  }
  const found: Escrows = {}
  const place = (row: { aid: string; sn: string }): string => `${row.aid}.${row.sn.padStart(32, '0')}`
  rows.sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : a.order - b.order))
  for (const { table, row } of rows) (found[table] ??= []).push(row)
  return found
}

interface LogRecord {
  readonly said: string
  readonly attached: Attached
}

interface LateRecord {
  readonly ordinal: number
  readonly set: keyof Attached
  readonly text: string
}

/** Attachment sets by SAID. Logged events stand in order of ordinals. */
function attachments(
  log: readonly LogRecord[],
  late: readonly LateRecord[],
  waiting: readonly WaitingRecord[],
  form: Form,
): Snapshot['attachments'] {
  const found = new Map<string, Map<string, Set<string>>>()
  const add = (said: string, set: string, texts: readonly string[]): void => {
    const sets = found.get(said) ?? new Map<string, Set<string>>()
    found.set(said, sets.set(set, new Set([...(sets.get(set) ?? []), ...texts])))
  }
  const addAll = (said: string, attached: Attached): void =>
    Object.entries(attached).forEach(([set, texts]) => add(said, set, texts))
  for (const { said, attached } of log) addAll(said, attached)
  for (const { ordinal, set, text: one } of late) add(log[ordinal]?.said ?? '', set, [one])
  for (const { said, attached } of waiting) if (attached) addAll(said, attached)
  const sorted = (sets: Map<string, Set<string>>): Record<string, string[]> =>
    Object.fromEntries(
      Array.from(sets, ([set, texts]): [string, string[]] => [set, inOrder(set, [...texts], form)]).filter(
        ([, texts]) => texts.length > 0,
      ),
    )
  return Object.fromEntries(
    Array.from(found, ([said, sets]): [string, Record<string, string[]>] => [said, sorted(sets)]).filter(
      ([, sets]) => Object.keys(sets).length > 0,
    ),
  )
}

/** 1.1.17 sorts by bytes. The head keeps the order of insertion; transferable receipts stand under their signer. */
function inOrder(set: string, texts: readonly string[], form: Form): string[] {
  if (form === 'stable') return texts.toSorted(byBytes)
  if (set !== 'vrcs') return [...texts]
  const parts = texts.map((whole) => quadruple.exec(whole) ?? [])
  return parts.toSorted(([, a = ''], [, b = '']) => byBytes(a, b)).map(([, , signature = '']) => signature)
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const primitive = '(?:1[A-Z]{3}.{44}|0[A-Z].{86}|[A-Z].{43})'
const quadruple = new RegExp(`^(${primitive}0A[\\w-]{22}${primitive})(.*)$`, 'u')
const hugeNumber = new RegExp(`^((?:${primitive}){0,2})(0A[\\w-]{22})(.*)$`, 'u')

/** Codes of numbers by their bytes, and the bytes with the lead ones that the code replaces. */
const numberCodes = [
  { code: 'M', bytes: 2, padded: 3 },
  { code: '0H', bytes: 4, padded: 6 },
  { code: 'R', bytes: 5, padded: 6 },
  { code: 'N', bytes: 8, padded: 9 },
]

/** The text with the sequence number behind its prefix, or at its start, in the shortest code. */
function withShortNumber(whole: string): string {
  const [, before = '', number = '', after = ''] = hugeNumber.exec(whole) ?? []
  if (number === '') return whole
  const raw = Buffer.from(`AA${number.slice(2)}`, 'base64url').subarray(2)
  const used = raw.length - raw.findIndex((byte) => byte !== 0)
  const fitting = numberCodes.find(({ bytes }) => used <= bytes || used > raw.length)
  if (!fitting) return whole
  const { code, padded } = fitting
  const short = Buffer.concat([Buffer.alloc(16), raw])
    .subarray(-padded)
    .toString('base64url')
  return `${before}${code}${short.slice(code.length)}${after}`
}
