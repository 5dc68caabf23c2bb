import { loggedAt, logOf, recordOf } from '../history.ts'
import { originName } from '../origins.ts'
import { aidBytes, logged, placeKey, replay, replayed } from '../replay.ts'
import { evidenceKind, keyOf, type Entry, type EntryQuery, type EntrySource } from './entry.ts'
import { entries, type EscrowReader } from './list.ts'

/** One of the two events that contradict each other. */
export interface Variant {
  readonly said: string
  /** When it was first seen, ISO 8601. */
  readonly since: string
  /** The source that brought it: its number, and its name. */
  readonly source: number
  readonly sourceName: string
}

/** Evidence that an AID is duplicitous (docs/json.md). */
export interface Evidence {
  readonly type: 'duplicity'
  /**
   * `fork`: the other event is fully signed and witnessed, too, and sealed if it is delegated. `contradiction`: its
   * signatures verify, but there are fewer of them, or of the witnesses' receipts, than it needs, or no seal.
   */
  readonly class: 'fork' | 'contradiction'
  readonly aid: string
  /** Hexadecimal. */
  readonly sn: string
  /** The event that was seen first, and holds. */
  readonly accepted: Variant
  readonly other: Variant & Signed
}

/** How far the other event is signed. */
interface Signed {
  /** Its signatures meet the signing threshold. */
  readonly signed: boolean
  /** They meet what the establishment event before it committed to. */
  readonly committed: boolean
  readonly witnessed: boolean
  /** Its delegator seals it, or it needs no seal. */
  readonly anchored: boolean
}

/** The same as the addon says it: whether it needs a seal, not whether it has one. */
type Strength = Omit<Signed, 'anchored'> & { readonly delegated: boolean }

interface Found {
  readonly evidence: Evidence
  readonly entry: Entry
}

/** All evidence that a query means, by AID and sequence number. */
export async function* evidenceOf(
  reader: EscrowReader,
  query: Pick<EntryQuery, 'aid' | 'sn' | 'said'> = {},
  after?: string,
): AsyncGenerator<Found> {
  for await (const entry of entries(reader, { ...query, kind: evidenceKind }, after)) {
    const evidence = judged(reader, entry)
    if (evidence) yield { evidence, entry }
  }
}

function judged({ addon, store }: EscrowReader, entry: Entry): Evidence | undefined {
  const { aid, said, since, source, sourceName } = entry
  const sn = BigInt(`0x${entry.sn}`)
  const held = loggedAt(addon, store, aid, sn).at(-1)
  const value = store.get('waiting', keyOf(entry.cursor))
  if (!held || !value) return undefined
  const prior = sn > 0n ? loggedAt(addon, store, aid, sn - 1n).at(-1) : undefined
  const est = prior && logged(store, BigInt(recordOf(addon, store, prior.ordinal).est)).log
  const { delegated, ...strength } = JSON.parse(addon.evidence(value, est)) as Strength
  const signed = { ...strength, anchored: !delegated || isSealed({ addon, store }, entry) }
  const { dt, source: from } = recordOf(addon, store, held.ordinal)
  return {
    type: 'duplicity',
    class: Object.values(signed).every(Boolean) ? 'fork' : 'contradiction',
    aid,
    sn: entry.sn,
    accepted: { said: held.said, since: dt, source: from, sourceName: originName(store, from) },
    other: { said, since, source, sourceName, ...signed },
  }
}

/** Whether an event of its delegator seals an entry. */
function isSealed({ addon, store }: EntrySource, { aid, sn, said }: Entry): boolean {
  const [delegator] = delegatorsOf({ addon, store }, aid, 1)
  if (delegator === undefined) return false
  const event = placeKey(aid, BigInt(`0x${sn}`))
  const prefix = Buffer.concat([event, Buffer.from(`${said}${delegator}`, 'latin1')])
  return [...store.scan('seals', { prefix, limit: 1 })].length > 0
}

/** The two messages of evidence with all signatures and receipts that verified, as CESR. */
export interface Messages {
  readonly accepted: string
  readonly other: string
}

/** Reads the messages of evidence. */
export function messagesOf({ addon, store }: EscrowReader, { evidence, entry }: Found): Messages {
  const held = loggedAt(addon, store, evidence.aid, BigInt(`0x${evidence.sn}`)).at(-1)
  const key = keyOf(entry.cursor)
  const value = store.get('waiting', key)
  const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1')
  return {
    accepted: text(held && replayed(addon, store, held.ordinal)),
    other: text(value && addon.waitingMessage(key, value)),
  }
}

/**
 * Evidence as one stream of CESR that anybody can judge without this database: the logs of the delegators, the log of the
 * AID up to the last place that is contradicted, and then the other events.
 */
export async function* exported(
  reader: EscrowReader,
  query: Pick<EntryQuery, 'aid' | 'sn' | 'said'>,
  delegatorsMax: number,
): AsyncGenerator<Uint8Array> {
  let group: Found[] = []
  for await (const found of evidenceOf(reader, query)) {
    if (group[0] && group[0].evidence.aid !== found.evidence.aid) {
      yield* streamOf(reader, group, delegatorsMax)
      group = []
    }
    group.push(found)
  }
  yield* streamOf(reader, group, delegatorsMax)
}

/** The stream for all evidence about one AID. */
function* streamOf(
  reader: EscrowReader,
  group: readonly Found[],
  delegatorsMax: number,
): Iterable<Uint8Array> {
  const last = group.at(-1)?.evidence
  if (!last) return
  const { addon, store } = reader
  for (const delegator of delegatorsOf(reader, last.aid, delegatorsMax))
    yield* replay(addon, store, delegator)
  const events = [...logOf(addon, store, last.aid)].filter(
    ({ sn }) => BigInt(`0x${sn}`) <= BigInt(`0x${last.sn}`),
  )
  for (const { ordinal } of events.toSorted((a, b) => (a.ordinal < b.ordinal ? -1 : 1)))
    yield replayed(addon, store, ordinal)
  for (const { entry } of group) {
    const key = keyOf(entry.cursor)
    const value = store.get('waiting', key)
    if (value) yield addon.waitingMessage(key, value)
  }
}

/** The delegators above an AID, the highest first. */
function delegatorsOf({ addon, store }: EntrySource, aid: string, delegatorsMax: number): string[] {
  const chain: string[] = []
  for (let at = aid; chain.length < delegatorsMax;) {
    const record = store.get('aids', aidBytes(at))
    const state = record && addon.keyState(at, record, false)
    const delegator = state ? (JSON.parse(state) as { di: string }).di : ''
    if (delegator === '' || chain.includes(delegator)) break
    chain.unshift(delegator)
    at = delegator
  }
  return chain
}
