import { randomUUID } from 'node:crypto'

import type { Row } from '../../native/batch.ts'
import { evidenceKind } from '../escrow/entry.ts'
import type { Sink } from '../../operators/publish.ts'

/** What became of a message or of an entry, as it is told (docs/http.md). */
export interface Told {
  /** Names it, and the place behind it. */
  readonly id: string
  readonly event: 'verdict' | 'duplicity'
  readonly data: Readonly<Record<string, unknown>>
}

type Listener = (told: Told) => void

/** The last verdicts, for those who listen and for those who lost the connection and come again. */
export class Events implements Sink {
  readonly #kept: Told[] = []
  readonly #keptMax: number
  readonly #listeners = new Set<Listener>()
  /** Tells the events of this process from those of another. */
  readonly #life = randomUUID().slice(0, 8)
  #count = 0

  constructor(keptMax: number) {
    this.#keptMax = keptMax
  }

  get listeners(): number {
    return this.#listeners.size
  }

  async write({ settled }: Parameters<Sink['write']>[0]): Promise<void> {
    if (!settled) return
    for (let index = 0; index < settled.verdicts.length; index += 1) this.#tell(settled.verdicts.row(index))
  }

  /**
   * Tells a listener all that comes, and before that what came behind the event `after`. False if some of that is no
   * longer known.
   */
  listen(listener: Listener, after?: string): { whole: boolean; stop: () => void } {
    const { missed, whole } = this.#behind(after)
    for (const told of missed) listener(told)
    this.#listeners.add(listener)
    return { whole, stop: () => void this.#listeners.delete(listener) }
  }

  /** How many were told so far, and the last of those that came behind the first `after`, at most so many. */
  latest(after: number, max: number): { count: number; told: readonly Told[] } {
    const fresh = Math.min(this.#count - after, max, this.#kept.length)
    return { count: this.#count, told: fresh > 0 ? this.#kept.slice(-fresh) : [] }
  }

  #behind(after: string | undefined): { missed: readonly Told[]; whole: boolean } {
    if (after === undefined) return { missed: [], whole: true }
    const [, life, number] = /^(\w{8})-(\d{1,15})$/.exec(after) ?? []
    const first = this.#count - this.#kept.length
    const from = life === this.#life ? Number(number) - first : -1
    return from < 0 ? { missed: this.#kept, whole: false } : { missed: this.#kept.slice(from), whole: true }
  }

  #tell(row: Row): void {
    this.#count += 1
    const told: Told = {
      id: `${this.#life}-${this.#count}`,
      event: isNewEvidence(row) ? 'duplicity' : 'verdict',
      data: dataOf(row),
    }
    this.#kept.push(told)
    if (this.#kept.length > this.#keptMax) this.#kept.splice(0, this.#kept.length - this.#keptMax)
    for (const listener of this.#listeners) listener(told)
  }
}

/** Evidence is told once, and again only when it grows. */
const isNewEvidence = ({ verdict, reason, repeated }: Row): boolean =>
  verdict === 'escrowed' && reason === evidenceKind && !repeated

function dataOf({ aid, sn, said, ilk, verdict, reason, awaits, fn, message }: Row): Told['data'] {
  return {
    type: 'verdict',
    aid,
    sn: sn.toString(16),
    said,
    ilk,
    verdict,
    ...(fn !== undefined && { fn: Number(fn) }),
    ...(reason !== undefined && { [verdict === 'rejected' ? 'code' : 'escrow']: reason }),
    ...(awaits !== undefined && { awaits }),
    ...(message === undefined && { retried: true }),
  }
}
