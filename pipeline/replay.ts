import type { Addon, StateDigest } from '../native/addon.ts'
import { tableNumber } from '../native/tables.ts'
import { PipelineError } from './errors.ts'
import type { Records, StoreReader } from './store/store.ts'

/** A logged event as stored: the event itself and what was attached to it later. */
export interface Logged {
  readonly log: Uint8Array
  readonly late: readonly Uint8Array[]
}

/** All AIDs that have key state or entries that wait, in byte order. */
export function* aidsOf(store: StoreReader): Iterable<string> {
  for (const { key } of store.scan('aids')) yield Buffer.from(key).toString('latin1')
}

/** The key event log of an AID as messages in the reference's replay format, in first-seen order. */
export function* replay(addon: Addon, store: StoreReader, aid: string): Iterable<Uint8Array> {
  for (const ordinal of ordinalsOf(addon, store, aid)) yield replayed(addon, store, ordinal)
}

/** The same without what was attached after acceptance: enough to accept it again. */
export function* replayAccepted(addon: Addon, store: StoreReader, aid: string): Iterable<Uint8Array> {
  for (const ordinal of ordinalsOf(addon, store, aid)) yield addon.replay(logged(store, ordinal).log, [])
}

function ordinalsOf(addon: Addon, store: StoreReader, aid: string): readonly bigint[] {
  const ordinals = Array.from(store.scan('kel', { prefix: aidBytes(aid) }), ({ value }) => [
    ...addon.ordinals(value),
  ]).flat()
  return ordinals.toSorted((a, b) => (a < b ? -1 : 1))
}

/** One logged event in that format. */
export function replayed(addon: Addon, store: Records, ordinal: bigint): Uint8Array {
  const { log, late } = logged(store, ordinal)
  return addon.replay(log, late)
}

/**
 * The digest of all key states and logs and, with `full`, of all that waits (docs/digest.md); or of those AIDs alone that
 * are meant.
 */
export function stateDigest(
  addon: Addon,
  store: StoreReader,
  full: boolean,
  meant: (aid: string) => boolean = () => true,
): string {
  const digest: StateDigest = addon.digest()
  for (const { key, value } of store.scan('aids'))
    if (meant(Buffer.from(key).toString('latin1'))) digest.aid(key, value)
  for (const { key, value } of store.scan('kel')) {
    if (!meant(placeOf(key).aid)) continue
    digest.kel(key, value)
    for (const ordinal of addon.ordinals(value)) {
      const { log, late } = logged(store, ordinal)
      digest.event(log, late)
    }
  }
  if (full)
    for (const { key, value } of store.scan('waiting'))
      if (meant(waitingAid(addon, key, value))) digest.waiting(key, value)
  return Buffer.from(digest.finish()).toString('hex')
}

function waitingAid(addon: Addon, key: Uint8Array, value: Uint8Array): string {
  const json = addon.record(tableNumber('waiting'), key, value)
  return json === null ? '' : (JSON.parse(json) as { aid: string }).aid
}

export const aidBytes = (aid: string): Uint8Array => Buffer.from(aid, 'latin1')

/** aid ‖ sn16. */
export function placeKey(aid: string, sn: bigint): Uint8Array {
  const number = Buffer.alloc(16)
  number.writeBigUInt64BE(sn >> 64n)
  number.writeBigUInt64BE(sn & 0xffff_ffff_ffff_ffffn, 8)
  return Buffer.concat([aidBytes(aid), number])
}

/** The AID and the sequence number that a key of one place is made of. */
export function placeOf(key: Uint8Array): { aid: string; sn: bigint } {
  const at = key.length - 16
  const number = Buffer.from(key.buffer, key.byteOffset + at, 16)
  return {
    aid: Buffer.from(key.buffer, key.byteOffset, at).toString('latin1'),
    sn: (number.readBigUInt64BE() << 64n) | number.readBigUInt64BE(8),
  }
}

/** A logged event as it is stored. */
export function logged(store: Records, ordinal: bigint): Logged {
  const key = Buffer.alloc(8)
  key.writeBigUInt64BE(ordinal)
  const log = store.get('log', key) ?? damaged('log')
  return { log, late: Array.from(store.scan('late', { prefix: key }), ({ value }) => value) }
}

/** A record cannot be read. */
export function damaged(table: string): never {
  throw new PipelineError('store/damaged', {
    what: `a record of the table ${table} is missing or cannot be read`,
    next: 'restore the database from an export, or ingest its sources into a new one',
  })
}
