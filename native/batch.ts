import type { Writes } from './records.ts'

export type Verdict = 'accepted' | 'duplicate' | 'escrowed' | 'rejected' | 'checked'

/** One verdict, made only where somebody asks for it. */
export interface Row {
  /** The message in the batch's spans that this is about; none for an entry that waited and was tried again. */
  readonly message: number | undefined
  readonly aid: string
  readonly sn: bigint
  readonly said: string
  readonly ilk: string
  readonly verdict: Verdict
  /** The escrow's kind or the rejection's code. */
  readonly reason: string | undefined
  /** The first-seen ordinal of an accepted event. */
  readonly fn: bigint | undefined
  /** The escrow that the entry waited in before this verdict. */
  readonly waited: string | undefined
}

/** Verdicts as columns; a row object is made by `row`. */
export interface VerdictBatch {
  readonly length: number
  readonly writes: Writes
  row(index: number): Row
}
