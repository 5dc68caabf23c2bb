import { tap, type MonoTypeOperatorFunction } from 'rxjs'

import { verdictNames, type Verdict, type VerdictBatch } from '../native/batch.ts'
import type { FrameFault } from '../native/engine.ts'
import type { Frames, Part } from './flow.ts'

/** What a run has come to, by count. */
export class Tally {
  accepted = 0
  duplicate = 0
  checked = 0
  /** Entries that wait, by kind: those that came less those that left. */
  readonly escrowed: Map<string, number> = new Map()
  readonly rejected: Map<string, number> = new Map()
  /** Faults by code. */
  readonly faults: Map<string, number> = new Map()
  /** Entries that waited longer than they may, or were removed. */
  expired = 0
  bytes = 0
  /** Whether another event was seen at a place that is taken. */
  duplicity = false

  /** Counts the columns of a batch of verdicts. */
  addVerdicts(batch: VerdictBatch): void {
    for (let index = 0; index < batch.length; index += 1) {
      const left = batch.left[index] ?? 0
      if (left > 0) add(this.escrowed, batch.escrowKind(left - 1), -1)
      this.#count(verdictNames[batch.verdict[index] ?? 0] ?? 'accepted', batch, index)
    }
  }

  addFaults(faults: readonly FrameFault[]): void {
    for (const { code } of faults) add(this.faults, code, 1)
  }

  #count(verdict: Verdict, batch: VerdictBatch, index: number): void {
    switch (verdict) {
      case 'accepted':
      case 'duplicate':
      case 'checked':
        this[verdict] += 1
        return
      case 'expired':
      case 'removed':
        this.expired += 1
        return
      case 'rejected':
        add(this.rejected, batch.rejectCode(batch.reason[index] ?? 0), 1)
        return
      case 'escrowed': {
        const kind = batch.escrowKind(batch.reason[index] ?? 0)
        add(this.escrowed, kind, 1)
        this.duplicity ||= kind === 'likely-duplicitous'
      }
    }
  }
}

/** Counts each part once, by its columns. */
export const meter = (tally: Tally): MonoTypeOperatorFunction<Part> =>
  tap(({ work, settled, last }) => {
    if (settled) tally.addVerdicts(settled.verdicts)
    if (last && work.kind === 'frames') {
      tally.addFaults(work.faults)
      tally.bytes += bytesOf(work)
    }
  })

/** Bytes that a batch is done with. Faults may reach beyond its source: a tail that was given up. */
const bytesOf = ({ at, position }: Frames): number => position - at

function add(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}
