import { concat, EMPTY, merge, type Observable } from 'rxjs'

import type { Framer } from '../native/engine.ts'
import type { Chunk, Frames } from '../operators/flow.ts'
import { frame } from '../operators/frame.ts'
import type { Source, SourceContext } from './sources/source.ts'

/** The frames of all sources: those with an end one after the other, those without beside them. */
export function framed(
  sources: readonly Source[],
  framer: () => Framer,
  context: SourceContext,
): Observable<Frames> {
  const { limits, pace } = context
  const chunksOf = (source: Source): Observable<Chunk> => source.chunks(context)
  const framesOf = (source: Source): Observable<Frames> => source.frames?.(context) ?? EMPTY
  const finite = concat(...sources.filter(({ endless }) => !endless).map(chunksOf))
  const chunks = merge(finite, ...sources.filter(({ endless }) => endless).map(chunksOf))
  const timedFramer = (): Framer => {
    const inner = framer()
    return { frame: (window, end) => pace.timed(() => inner.frame(window, end)) }
  }
  const cut = chunks.pipe(
    frame({
      framer: timedFramer,
      pendingBytesMax: limits.pendingBytesPerOrigin,
      flushBytesMax: limits.flushBytes,
    }),
  )
  return merge(cut, ...sources.map(framesOf))
}
