import { Slots } from '../../operators/slots.ts'
import { loggedAt } from '../history.ts'
import { aidBytes, placeKey, placeOf } from '../replay.ts'
import { pacedScan } from '../store/paced.ts'
import type { StoredRecord } from '../store/store.ts'
import { sinceText } from '../words.ts'
import { EntryReader, lacksOf, type Entry } from './entry.ts'
import { entries, type EscrowReader } from './list.ts'
import { missingText, suppliersOf, type Missing, type Subject, type Supplier } from './missing.ts'

/** One reason why an entry waits. */
export interface Reason {
  readonly kind: string
  readonly awaits: string
  /** In plain words. */
  readonly missing: string
  readonly suppliers: readonly Supplier[]
  /** The same as data (docs/json.md). */
  readonly detail: Missing
}

export interface Waits {
  readonly entry: Entry['type']
  readonly said: string
  readonly since: string
  readonly reasons: readonly Reason[]
}

/** What became of an event or of a place (docs/json.md). */
export interface Why {
  readonly type: 'why'
  readonly aid: string
  /** Hexadecimal. */
  readonly sn: string
  /** Events logged there, superseded ones first; the last one is authoritative. */
  readonly accepted: readonly string[]
  readonly waiting: readonly Waits[]
  /** Of what waits for an earlier event: the first place before it where something waits, too. */
  readonly behind?: Why
}

interface Place {
  readonly aid: string
  readonly sn: bigint
}

/** Answers `AID@SN` (decimal), a SAID or an AID; nothing if the database knows nothing of it. */
export async function why(reader: EscrowReader, asked: string): Promise<Why | undefined> {
  const [, aid, sn] = /^(.+)@(\d{1,39})$/.exec(asked) ?? []
  if (aid !== undefined && sn !== undefined) return whyAt(reader, { aid, sn: BigInt(sn) })
  const place = await find(reader, asked)
  return place && whyAt(reader, place, asked)
}

/** Where a SAID stands: as an inception, among what waits, or in a log; all logs are read for the last alone. */
async function find(reader: EscrowReader, said: string): Promise<Place | undefined> {
  if (known(reader, { aid: said, sn: 0n })) return { aid: said, sn: 0n }
  for await (const { aid, sn } of entries(reader, { said })) return { aid, sn: BigInt(`0x${sn}`) }
  await searching.take()
  try {
    return await inLogs(reader, said)
  } finally {
    searching.give()
  }
}

/** One search through all logs at a time in a process: who asks for another waits. */
const searching = new Slots(1)

async function inLogs(reader: EscrowReader, said: string): Promise<Place | undefined> {
  const { addon, store } = reader
  for await (const { key, value } of pacedScan(reader, 'kel', {})) {
    if (!Buffer.from(value.buffer, value.byteOffset, value.length).includes(said)) continue
    const place = placeOf(key)
    if (loggedAt(addon, store, place.aid, place.sn).some((event) => event.said === said)) return place
  }
  return undefined
}

const known = ({ store }: EscrowReader, { aid, sn }: Place): boolean => {
  const key = placeKey(aid, sn)
  return (
    store.get('kel', key) !== undefined || [...store.scan('waiting', { prefix: key, limit: 1 })].length > 0
  )
}

/** Everything about a place, or about one SAID there. */
async function whyAt(reader: EscrowReader, place: Place, said?: string): Promise<Why | undefined> {
  const { store } = reader
  const { aid, sn } = place
  const key = placeKey(aid, sn)
  const accepted = loggedAt(reader.addon, store, aid, sn).map((event) => event.said)
  const waiting: Waits[] = []
  const reads = new EntryReader(reader)
  for await (const record of pacedScan(reader, 'waiting', { prefix: key })) {
    const entry = reads.read(record)
    if (entry && (said === undefined || entry.said === said))
      waiting.push(waits(reader, entry, record, accepted.at(-1)))
  }
  if (accepted.length === 0 && waiting.length === 0) return undefined
  const behind = await whyBehind(reader, place, waiting)
  return { type: 'why', aid, sn: sn.toString(16), accepted, waiting, ...(behind && { behind }) }
}

function waits(
  { addon, store }: EscrowReader,
  entry: Entry,
  record: StoredRecord,
  accepted: string | undefined,
): Waits {
  const { aid, sn } = entry
  const held = store.get('aids', aidBytes(aid))
  const state = held && addon.keyState(aid, held, false)
  const witnesses = state ? (JSON.parse(state) as { b: string[] }).b : []
  const subject: Subject = { aid, sn, witnesses, accepted }
  const lacks = lacksOf({ addon, store }, aid, record)
  return {
    entry: entry.type,
    said: entry.said,
    since: entry.since,
    reasons: lacks.map((detail) => ({
      kind: detail.kind,
      awaits: detail.awaits,
      missing: missingText(detail, subject),
      suppliers: suppliersOf(detail, subject),
      detail,
    })),
  }
}

/** What waits for an earlier event may wait for one that is here, and waits itself: then that one's reason counts. */
async function whyBehind(
  reader: EscrowReader,
  { aid, sn }: Place,
  waiting: readonly Waits[],
): Promise<Why | undefined> {
  const from = waiting
    .flatMap(({ reasons }) => reasons)
    .find(({ awaits }) => awaits === 'inception' || awaits === 'prior-event')?.detail.from
  if (from === undefined) return undefined
  const range = { from: placeKey(aid, BigInt(`0x${from}`)), to: placeKey(aid, sn) }
  const reads = new EntryReader(reader)
  for await (const record of pacedScan(reader, 'waiting', range)) {
    const entry = reads.read(record)
    if (entry) return whyAt(reader, { aid, sn: BigInt(`0x${entry.sn}`) })
  }
  return undefined
}

/** The answer in words. */
export function whyText({ aid, sn, accepted, waiting, behind }: Why): string {
  const lines = [`${aid} sn ${BigInt(`0x${sn}`)}`]
  const current = accepted.at(-1)
  if (current !== undefined) lines.push(`  accepted: ${current}`)
  for (const said of accepted.slice(0, -1)) lines.push(`  accepted once, since superseded: ${said}`)
  for (const { entry, said, since, reasons } of waiting) {
    lines.push(`  waits: ${entry === 'receipt' ? 'receipt of' : entry} ${said}, since ${sinceText(since)}`)
    for (const { kind, missing, suppliers, detail } of reasons) {
      lines.push(`    ${kind}: ${detail.have ? 'has' : 'needs'} ${missing}`)
      if (suppliers.length > 0) lines.push(`    could come from: ${suppliersText(suppliers)}`)
    }
  }
  if (behind) lines.push('before it waits:', whyText(behind))
  return lines.join('\n')
}

function suppliersText(suppliers: readonly Supplier[]): string {
  const byRole = new Map<string, string[]>()
  for (const { role, id } of suppliers) byRole.set(role, [...(byRole.get(role) ?? []), id])
  return [...byRole].map(([role, ids]) => `${role}${ids.length > 1 ? 's' : ''} ${ids.join(', ')}`).join('; ')
}
