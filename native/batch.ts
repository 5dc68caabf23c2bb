import type { Writes } from './records.ts'

export const verdictNames = [
  'accepted',
  'duplicate',
  'escrowed',
  'rejected',
  'checked',
  'expired',
  'removed',
] as const
export type Verdict = (typeof verdictNames)[number]

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
  /** The first-seen ordinal of an accepted event. */
  readonly fn: bigint | undefined
  /** The escrow that the entry left with this verdict. */
  readonly left: string | undefined
}

/** Verdicts as columns, one place a row. */
export interface VerdictBatch {
  readonly length: number
  readonly writes: Writes
  /** Places in `verdictNames`. */
  readonly verdict: Uint8Array
  /** Of an escrowed row the kind's number, of a rejected one the code's. */
  readonly reason: Uint16Array
  /** 1 + the number of the kind of escrow that the entry left; 0 if it came with the stream. */
  readonly left: Uint8Array
  escrowKind(number: number): string
  rejectCode(number: number): string
  row(index: number): Row
}
