import {
  awaitsNames,
  columns as layout,
  escrowKinds,
  ilkNames,
  rejectCodes,
  rowFlags,
  verdictNames,
} from './layout.ts'
import type { Writes } from './records.ts'

export { verdictNames } from './layout.ts'
export type Verdict = (typeof verdictNames)[number]
type ColumnName = (typeof layout)[number]['name']

/** One verdict, made only where somebody asks for it. */
export interface Row {
  /** The message in the batch's spans that this is about; none for an entry that waited and was looked at again. */
  readonly message: number | undefined
  readonly aid: string
  readonly sn: bigint
  readonly said: string
  readonly ilk: string
  readonly verdict: Verdict
  /** The kind of an escrow or the code of a rejection. */
  readonly reason: string | undefined
  /** What an escrowed entry waits for. */
  readonly awaits: string | undefined
  /** The first-seen number of an accepted event under its AID. */
  readonly fn: bigint | undefined
  /** Of a checked message: whether all its signatures verified; if not, a signer is not known. */
  readonly verified: boolean | undefined
  /** Of an escrowed one: it waits there already, and this message brought nothing new. */
  readonly repeated: boolean
}

/** Verdicts as columns, one place a row. */
export interface VerdictBatch {
  readonly length: number
  readonly writes: Writes
  /** Places in `verdictNames`. */
  readonly verdict: Uint8Array
  /** Of an escrowed row the kind's number, of a rejected one the code's. */
  readonly reason: Uint16Array
  /** Places in `ilkNames`. */
  readonly ilk: Uint8Array
  /** Whether the row is about an entry that waited and was looked at again. */
  isRetried(index: number): boolean
  /** Whether the row is about a message that waits already and brought nothing new. */
  isRepeated(index: number): boolean
  /** Whether the row is about a receipt. */
  isReceipt(index: number): boolean
  /** A number for what the row is about, the same whenever the same event or receipt is: a hash of 53 bits. */
  subject(index: number): number
  row(index: number): Row
  /** AID and SAID of a row, as bytes of text. */
  texts(index: number): { readonly aid: Uint8Array; readonly said: Uint8Array }
  sn(index: number): bigint
  /** Of an accepted row its first-seen number under its AID. */
  firstSeen(index: number): bigint
  /** The bytes of a row's message as received or, of an accepted entry that had waited, as it is replayed. */
  bytes(index: number, source: Uint8Array): Uint8Array
  /** Gives the memory back at once; nobody may read anything of the batch or of its writes from then on. */
  free(): void
}

/** What the addon hands over: columns in one buffer, widest first (native/layout.ts), and the texts they point into. */
export interface RawVerdicts {
  readonly rows: number
  readonly columns: ArrayBuffer
  readonly texts: Uint8Array
  readonly writes: Writes
  readonly free: () => void
}

const noMessage = 0xffff_ffff
const noOrdinal = 0xffff_ffff_ffff_ffffn
const receiptIlk = ilkNames.indexOf('rct')
const text = new TextDecoder()

type Columns = Readonly<Record<ColumnName, Column>>
type Column = BigUint64Array | Uint32Array | Uint16Array | Uint8Array

/** Reads verdicts where they lie. */
export class Verdicts implements VerdictBatch {
  readonly length: number
  readonly writes: Writes
  readonly verdict: Uint8Array
  readonly reason: Uint16Array
  readonly ilk: Uint8Array
  readonly #columns: Columns
  readonly #texts: Uint8Array
  readonly free: () => void

  constructor({ rows, columns, texts, writes, free }: RawVerdicts) {
    this.length = rows
    this.writes = writes
    this.#columns = columnsOf(columns, rows)
    this.#texts = texts
    this.free = free
    this.verdict = this.#columns.verdict as Uint8Array
    this.reason = this.#columns.reason as Uint16Array
    this.ilk = this.#columns.ilk as Uint8Array
  }

  isRetried(index: number): boolean {
    return (this.#number('flags', index) & rowFlags.retried) !== 0
  }

  isRepeated(index: number): boolean {
    return (this.#number('flags', index) & rowFlags.repeated) !== 0
  }

  isReceipt(index: number): boolean {
    return this.#number('ilk', index) === receiptIlk
  }

  subject(index: number): number {
    const end = this.#saidEnd(index)
    let [low, high] = [0x811c9dc5, this.isReceipt(index) ? 1 : 0]
    for (let at = this.#number('aidStart', index); at < end; at += 1) {
      const byte = this.#texts[at] ?? 0
      low = Math.imul(low ^ byte, 0x01000193)
      high = Math.imul(high ^ byte ^ (low >>> 24), 0x85ebca6b)
    }
    return (low >>> 0) + (high >>> 11) * 2 ** 32
  }

  row(index: number): Row {
    const verdict = verdictNames[this.verdict[index] ?? 0] ?? 'checked'
    const message = this.#number('message', index)
    const saidStart = this.#number('saidStart', index)
    return {
      message: message === noMessage ? undefined : message,
      aid: this.#text(this.#number('aidStart', index), saidStart),
      sn: this.sn(index),
      said: this.#text(saidStart, this.#saidEnd(index)),
      ilk: ilkNames[this.#number('ilk', index)] ?? '',
      verdict,
      reason: reasonName(verdict, this.reason[index] ?? 0),
      awaits: verdict === 'escrowed' ? awaitsNames[this.#number('awaits', index)] : undefined,
      fn: this.#big('ordinal', index) === noOrdinal ? undefined : this.firstSeen(index),
      verified: verdict === 'checked' ? (this.#number('flags', index) & rowFlags.verified) !== 0 : undefined,
      repeated: this.isRepeated(index),
    }
  }

  texts(index: number): { readonly aid: Uint8Array; readonly said: Uint8Array } {
    const saidStart = this.#number('saidStart', index)
    return {
      aid: this.#texts.subarray(this.#number('aidStart', index), saidStart),
      said: this.#texts.subarray(saidStart, this.#saidEnd(index)),
    }
  }

  sn(index: number): bigint {
    const high = this.#big('snHigh', index)
    return high === 0n ? this.#big('sn', index) : (high << 64n) | this.#big('sn', index)
  }

  firstSeen(index: number): bigint {
    return this.#big('firstSeen', index)
  }

  bytes(index: number, source: Uint8Array): Uint8Array {
    const from = this.isRetried(index) ? this.writes.arena : source
    return from.subarray(this.#number('bodyStart', index), this.#number('attachmentsEnd', index))
  }

  #saidEnd(index: number): number {
    return index + 1 < this.length ? this.#number('aidStart', index + 1) : this.#texts.length
  }

  #text(start: number, end: number): string {
    return text.decode(this.#texts.subarray(start, end))
  }

  #number(column: ColumnName, index: number): number {
    return Number(this.#columns[column][index] ?? 0)
  }

  #big(column: ColumnName, index: number): bigint {
    return BigInt(this.#columns[column][index] ?? 0)
  }
}

/** The name of a reason, whose meaning depends on the verdict. */
export function reasonName(verdict: Verdict, reason: number): string | undefined {
  if (verdict === 'rejected') return rejectCodes.get(reason)?.code ?? `unknown/${reason}`
  return verdict === 'escrowed' || verdict === 'expired' || verdict === 'removed' || verdict === 'evicted'
    ? escrowKinds[reason]?.name
    : undefined
}

const arrays = { u64: BigUint64Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array } as const

function columnsOf(buffer: ArrayBuffer, rows: number): Columns {
  let at = 0
  const columns = layout.map(({ name, type }): [ColumnName, Column] => {
    const column = new arrays[type](buffer, at, rows)
    at += column.byteLength
    return [name, column]
  })
  return Object.fromEntries(columns) as Record<ColumnName, Column>
}
