import { concatMap, type OperatorFunction } from 'rxjs'

import type { Part } from './flow.ts'

/** Where verdicts, faults and accepted events go. */
export interface Sink {
  /** Resolves when the sink has room for more; the part's bytes are free from then on. */
  write(part: Part): Promise<void>
}

/** Hands each part that is on disk to every sink, waits for room, and acknowledges a batch with its last part. */
export const publish = (sinks: readonly Sink[]): OperatorFunction<Part, Part> =>
  concatMap(async (part) => {
    for (const sink of sinks) await sink.write(part)
    const { work, settled, last } = part
    if (work.kind === 'waiting' && settled) work.heard?.(settled.verdicts)
    if (last) work.ack()
    return part
  })
