import { concatMap, type OperatorFunction } from 'rxjs'

import { spanWords } from '../native/engine.ts'
import type { Frames } from './flow.ts'

/** Cuts each batch into batches of one message, so that each has a transaction of its own (`commit: each`). */
export const single = (): OperatorFunction<Frames, Frames> => concatMap(singles)

function singles(frames: Frames): Frames[] {
  const count = frames.spans.length / spanWords
  if (count <= 1) return [frames]
  return Array.from({ length: count }, (_, index) => {
    const last = index === count - 1
    const spans = frames.spans.subarray(index * spanWords, (index + 1) * spanWords)
    return {
      ...frames,
      spans,
      faults: frames.faults
        .filter(({ beforeFrame }) => (last ? beforeFrame >= index : beforeFrame === index))
        .map((fault) => ({ ...fault, beforeFrame: fault.beforeFrame - index })),
      position: last ? frames.position : frames.at + (spans[2] ?? 0),
      resume: last ? frames.resume : frames.at + (spans[2] ?? 0),
      ack: () => {
        if (last) frames.ack()
      },
    }
  })
}
