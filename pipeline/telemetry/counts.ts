import { verdictNames, reasonName, type VerdictBatch } from '../../native/batch.ts'
import { escrowKinds, ilkNames } from '../../native/layout.ts'
import type { Part } from '../../operators/flow.ts'
import type { Sink } from '../../operators/publish.ts'
import type { Reading } from '../metrics.ts'

const escrowed = verdictNames.indexOf('escrowed')
const rejected = verdictNames.indexOf('rejected')
const duplicitous = escrowKinds.findIndex(({ name }) => name === 'likely-duplicitous')

/** Counts verdicts by their columns, as they come; unlike a tally, no count ever goes down. */
export class VerdictCounts implements Sink {
  readonly #messages = new Float64Array(ilkNames.length * verdictNames.length)
  readonly #retried = new Float64Array(verdictNames.length)
  readonly #escrowed = new Float64Array(escrowKinds.length)
  readonly #rejected = new Map<number, number>()
  readonly #faults = new Map<string, number>()
  #duplicity = 0
  #bytes = 0

  async write({ work, settled, last }: Part): Promise<void> {
    if (settled) this.#addVerdicts(settled.verdicts)
    if (!last || work.kind !== 'frames') return
    for (const { code } of work.faults) this.#faults.set(code, (this.#faults.get(code) ?? 0) + 1)
    this.#bytes += work.position - work.at
  }

  *readings(): Iterable<Reading> {
    for (const [place, count] of this.#messages.entries())
      if (count > 0) yield ['kelpipe_messages_total', count, messageLabels(place)]
    for (const [number, verdict] of verdictNames.entries())
      yield ['kelpipe_entries_retried_total', this.#retried[number] ?? 0, { verdict }]
    for (const [number, { name }] of escrowKinds.entries())
      yield ['kelpipe_escrowed_total', this.#escrowed[number] ?? 0, { kind: name }]
    for (const [reason, count] of this.#rejected)
      yield ['kelpipe_rejected_total', count, { code: reasonName('rejected', reason) ?? '' }]
    for (const [code, count] of this.#faults) yield ['kelpipe_faults_total', count, { code }]
    yield ['kelpipe_duplicity_total', this.#duplicity]
    yield ['kelpipe_message_bytes_total', this.#bytes]
  }

  #addVerdicts(batch: VerdictBatch): void {
    const { length, verdict: verdicts, reason: reasons, ilk: ilks } = batch
    for (let index = 0; index < length; index += 1) {
      const verdict = verdicts[index] ?? 0
      const reason = reasons[index] ?? 0
      if (verdict === rejected) this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1)
      if (verdict === escrowed && reason === duplicitous && !batch.isRepeated(index)) this.#duplicity += 1
      if (batch.isRetried(index)) {
        increment(this.#retried, verdict)
        continue
      }
      increment(this.#messages, (ilks[index] ?? 0) * verdictNames.length + verdict)
      if (verdict === escrowed) increment(this.#escrowed, reason)
    }
  }
}

function increment(counts: Float64Array, place: number): void {
  counts[place] = (counts[place] ?? 0) + 1
}

const messageLabels = (place: number): Record<string, string> => ({
  ilk: ilkNames[Math.floor(place / verdictNames.length)] ?? '',
  verdict: verdictNames[place % verdictNames.length] ?? '',
})
