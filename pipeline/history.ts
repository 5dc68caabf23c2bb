import type { Addon } from '../native/addon.ts'
import { tableNumber } from '../native/tables.ts'
import { aidBytes, damaged, logged, placeKey } from './replay.ts'
import type { Records, StoreReader } from './store/store.ts'

/** One event in a log, by its place. */
export interface Logged {
  readonly ordinal: bigint
  readonly fn: number
  readonly said: string
  /** Hexadecimal. */
  readonly sn: string
}

/** What is stored of a logged event besides its message. */
export interface LoggedRecord {
  readonly aid: string
  readonly sn: string
  readonly said: string
  readonly ilk: string
  readonly fn: number
  /** When it was first seen, ISO 8601. */
  readonly dt: string
  /** Ordinal of its establishment event. */
  readonly est: number
  readonly source: number
}

interface KelRecord {
  readonly sn: string
  readonly events: readonly { readonly ordinal: number; readonly fn: number; readonly said: string }[]
}

/** The events logged at a place, superseded ones first. */
export function loggedAt(addon: Addon, store: Records, aid: string, sn: bigint): Logged[] {
  const key = placeKey(aid, sn)
  const value = store.get('kel', key)
  return value ? eventsOf(addon, key, value) : []
}

/** All events of a log, by sequence number, superseded ones of a place first. */
export function* logOf(addon: Addon, store: StoreReader, aid: string): Iterable<Logged> {
  for (const { key, value } of store.scan('kel', { prefix: aidBytes(aid) }))
    yield* eventsOf(addon, key, value)
}

function eventsOf(addon: Addon, key: Uint8Array, value: Uint8Array): Logged[] {
  const { sn, events } = JSON.parse(
    addon.record(tableNumber('kel'), key, value) ?? damaged('kel'),
  ) as KelRecord
  return events.map(({ ordinal, fn, said }) => ({ ordinal: BigInt(ordinal), fn, said, sn }))
}

/** What is stored of a logged event. */
export function recordOf(addon: Addon, store: StoreReader, ordinal: bigint): LoggedRecord {
  const { log } = logged(store, ordinal)
  return JSON.parse(
    addon.record(tableNumber('log'), new Uint8Array(8), log) ?? damaged('log'),
  ) as LoggedRecord
}

/**
 * The key state record that held when a logged event was the last one, as JSON; nothing if there is no such event.
 * By sequence number it is the event that is authoritative there now.
 */
export function stateAt(
  addon: Addon,
  store: StoreReader,
  aid: string,
  when: { readonly sn: bigint } | { readonly fn: number },
): string | undefined {
  const event =
    'sn' in when ? loggedAt(addon, store, aid, when.sn).at(-1) : byFirstSeen(addon, store, aid, when.fn)
  const inception = loggedAt(addon, store, aid, 0n).at(-1)
  if (!event || !inception) return undefined
  const est = BigInt(recordOf(addon, store, event.ordinal).est)
  const [log, establishment, first] = [event.ordinal, est, inception.ordinal].map(
    (ordinal) => logged(store, ordinal).log,
  )
  return log && establishment && first && addon.keyStateAt(log, establishment, first)
}

function byFirstSeen(addon: Addon, store: StoreReader, aid: string, fn: number): Logged | undefined {
  for (const event of logOf(addon, store, aid)) if (event.fn === fn) return event
  return undefined
}
