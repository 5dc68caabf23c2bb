import type { Observable } from 'rxjs'

import type { Chunk, Frames } from '../../operators/flow.ts'
import { Slots } from '../../operators/slots.ts'
import type { Limits } from '../limits.ts'
import { Pace } from '../pace.ts'

/** What a source is given to work with. */
export interface SourceContext {
  readonly limits: Limits
  readonly pace: Pace
  /** Stops reading; what has been emitted is still brought to an end. */
  readonly signal: AbortSignal
  /** Taken for each chunk of a source with an end and given back when it is acknowledged; shared by all of them. */
  readonly credits: Slots
  /** The number of all origins of this name: what waits is limited by it. */
  numberOf(name: string): number
  /** What was stored under the name of an origin's checkpoint. */
  recall(name: string): Uint8Array | undefined
  /** Says something about the source to the person at the terminal. */
  note(text: string): void
}

/** For sources that are read once and from their beginning: nothing is stored of where they stand. */
export function once(limits: Limits, signal: AbortSignal, note: SourceContext['note']): SourceContext {
  return {
    limits,
    pace: new Pace(limits),
    signal,
    credits: new Slots(limits.creditsPerSource, signal),
    numberOf: () => 1,
    recall: () => undefined,
    note,
  }
}

export interface Source {
  /** For people: a path, an address. */
  readonly name: string
  /** Bytes that are to come, where that is known, for the progress bar. */
  readonly bytesTotal?: number | undefined
  /** Whether it ends only when stopped, as a listener does. */
  readonly endless: boolean
  /** The chunks, no more of them at a time than there are credits. */
  chunks(context: SourceContext): Observable<Chunk>
  /** Batches of whole messages, of a source that has them cut; they come beside its chunks. */
  frames?(context: SourceContext): Observable<Frames>
}
