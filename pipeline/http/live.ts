import { setTimeout } from 'node:timers/promises'

import type { Limits } from '../limits.ts'
import type { Reading } from '../metrics.ts'
import type { Events, Told } from './events.ts'

/** How a run stands at one time. Counts go up from the start of the process. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Messages by verdict. */
  readonly messages: Readonly<Record<string, number>>
  readonly bytes: number
  readonly signatures: number
  readonly signaturesFailed: number
  readonly faults: number
  readonly duplicity: number
  /** What waits, by kind of escrow, as last counted. */
  readonly waiting: Readonly<Record<string, number>>
  readonly oldestSeconds: number
  /** For how long the oldest piece of input waits, by type of source. */
  readonly lagSeconds: Readonly<Record<string, number>>
}

/** A sample, and the last verdicts since the one before. */
export interface LiveSample extends Sample {
  readonly verdicts: readonly Told['data'][]
}

export interface LiveOptions {
  readonly limits: Pick<Limits, 'liveSampleMs' | 'liveSamplesKept' | 'liveVerdicts'>
  /** Reads the metrics that a sample is made of. */
  readonly now: () => readonly Reading[]
  readonly events: Events
}

/** Samples a run once a second, for those who watch it and those who come to watch it later. */
export class Live {
  readonly #options: LiveOptions
  readonly #kept: Sample[] = []
  readonly #listeners = new Set<(sample: LiveSample) => void>()
  #told = 0

  constructor(options: LiveOptions) {
    this.#options = options
  }

  /** The samples so far, the oldest first. */
  get kept(): readonly Sample[] {
    return this.#kept
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** Samples until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#sample()
      await setTimeout(this.#options.limits.liveSampleMs, undefined, { signal, ref: false })
    }
  }

  /** Tells what comes; the answer ends it. */
  listen(listener: (sample: LiveSample) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #sample(): void {
    const { limits, now, events } = this.#options
    const sample = sampleOf(now())
    this.#kept.push(sample)
    if (this.#kept.length > limits.liveSamplesKept) this.#kept.shift()
    const { count, told } = events.latest(this.#told, limits.liveVerdicts)
    this.#told = count
    const verdicts = told.map(({ data }) => data)
    for (const listener of this.#listeners) listener({ ...sample, verdicts })
  }
}

function sampleOf(readings: readonly Reading[]): Sample {
  const by = (wanted: string, label: string): Record<string, number> => {
    const sums: Record<string, number> = {}
    for (const [name, value, labels = {}] of readings) {
      const key = labels[label]
      if (name === wanted && key !== undefined) sums[key] = (sums[key] ?? 0) + value
    }
    return sums
  }
  const valuesOf = (wanted: string): number[] =>
    readings.filter(([name]) => name === wanted).map(([, value]) => value)
  const sum = (name: string): number => valuesOf(name).reduce((a, b) => a + b, 0)
  return {
    at: Date.now(),
    messages: by('kelpipe_messages_total', 'verdict'),
    bytes: sum('kelpipe_message_bytes_total'),
    signatures: sum('kelpipe_signatures_checked_total'),
    signaturesFailed: sum('kelpipe_signatures_failed_total'),
    faults: sum('kelpipe_faults_total'),
    duplicity: sum('kelpipe_duplicity_total'),
    waiting: by('kelpipe_escrow_entries', 'kind'),
    oldestSeconds: Math.max(0, ...valuesOf('kelpipe_escrow_oldest_age_seconds')),
    lagSeconds: by('kelpipe_source_lag_seconds', 'source'),
  }
}
