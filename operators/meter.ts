import { tap, type MonoTypeOperatorFunction } from 'rxjs'

import { reasonName, verdictNames, type Verdict, type VerdictBatch } from '../native/batch.ts'
import type { FrameFault } from '../native/engine.ts'
import type { Part } from './flow.ts'

/** Room for the kind of an escrow beside the count of messages that wait in it. */
const kindsMax = 256

/**
 * What a run has come to, by count. Every message of the run is counted once, where it stands now: one that waits is
 * moved when it is looked at again and comes to something else.
 */
export class Tally {
  accepted = 0
  duplicate = 0
  checked = 0
  /** Messages that wait, by kind. */
  readonly escrowed: Map<string, number> = new Map()
  readonly rejected: Map<string, number> = new Map()
  /** Messages that waited longer than they may, or were taken out. */
  expired = 0
  /** Messages that gave way because too much waited. */
  evicted = 0
  /** Entries that left their escrow and were no message of this run: of earlier runs, or attached to an event. */
  woken = 0
  /** Faults by code. */
  readonly faults: Map<string, number> = new Map()
  bytes = 0
  /** Whether another event was seen at a place that is taken. */
  duplicity = false
  /** Of what waits: its subject, and how many messages of the run it was (times `kindsMax`) in which escrow. */
  readonly #waiting = new Map<number, number>()

  get messages(): number {
    return (
      this.accepted +
      this.duplicate +
      this.checked +
      this.expired +
      this.evicted +
      total(this.escrowed) +
      total(this.rejected)
    )
  }

  /** Counts the columns of a batch of verdicts. */
  addVerdicts(batch: VerdictBatch): void {
    for (let index = 0; index < batch.length; index += 1) {
      const verdict = verdictNames[batch.verdict[index] ?? 0] ?? 'checked'
      const reason = batch.reason[index] ?? 0
      if (verdict === 'escrowed' && reasonName(verdict, reason) === 'likely-duplicitous')
        this.duplicity = true
      if (batch.isRetried(index)) this.#move(verdict, reason, batch, index)
      else this.#addMessage(verdict, reason, batch, index)
    }
  }

  addFaults(faults: readonly FrameFault[]): void {
    for (const { code } of faults) add(this.faults, code, 1)
  }

  #addMessage(verdict: Verdict, reason: number, batch: VerdictBatch, index: number): void {
    this.#count(verdict, reason, 1)
    if (verdict !== 'escrowed') return
    const subject = batch.subject(index)
    const before = this.#waiting.get(subject) ?? 0
    const messages = Math.floor(before / kindsMax)
    if (messages > 0) {
      this.#count('escrowed', before % kindsMax, -messages)
      this.#count('escrowed', reason, messages)
    }
    this.#waiting.set(subject, (messages + 1) * kindsMax + reason)
  }

  /**
   * An entry that waited has come to something. Of an event, the first message stands for it and the others repeated
   * it; of receipts with one subject each was a message of its own.
   */
  #move(verdict: Verdict, reason: number, batch: VerdictBatch, index: number): void {
    const subject = batch.subject(index)
    const before = this.#waiting.get(subject)
    if (before === undefined) {
      if (verdict !== 'escrowed') this.woken += 1
      return
    }
    const messages = Math.floor(before / kindsMax)
    const moved = batch.isReceipt(index) ? 1 : messages
    const kind = before % kindsMax
    this.#count('escrowed', kind, -moved)
    if (verdict === 'escrowed') {
      this.#count('escrowed', reason, moved)
      this.#waiting.set(subject, messages * kindsMax + reason)
      return
    }
    if (moved < messages) this.#waiting.set(subject, (messages - moved) * kindsMax + kind)
    else this.#waiting.delete(subject)
    this.#count(verdict, reason, 1)
    this.#count(verdict === 'accepted' ? 'duplicate' : verdict, reason, moved - 1)
  }

  #count(verdict: Verdict, reason: number, by: number): void {
    switch (verdict) {
      case 'accepted':
      case 'duplicate':
      case 'checked':
      case 'evicted':
        this[verdict] += by
        return
      case 'expired':
      case 'removed':
        this.expired += by
        return
      case 'rejected':
        add(this.rejected, reasonName(verdict, reason) ?? '', by)
        return
      case 'escrowed':
        add(this.escrowed, reasonName(verdict, reason) ?? '', by)
    }
  }
}

/** Counts each part once, by its columns. */
export const meter = (tally: Tally): MonoTypeOperatorFunction<Part> =>
  tap(({ work, settled, last }) => {
    if (settled) tally.addVerdicts(settled.verdicts)
    if (last && work.kind === 'frames') {
      tally.addFaults(work.faults)
      tally.bytes += work.position - work.at
    }
  })

const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0)

function add(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}
