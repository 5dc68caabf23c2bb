import { from, type Observable } from 'rxjs'

import type { Chunk, Origin } from '../../operators/flow.ts'
import type { Source, SourceContext } from '../sources/source.ts'
import { bytesText, textBytes } from '../text.ts'

const checkpointName = 'source/simulated'
const originId = 1

/** A stream in memory, in pieces of the sizes that are drawn, which a later run takes up where the store stands. */
export const simulatedSource = (stream: Uint8Array, pieceBytes: () => number): Source => ({
  name: 'simulated',
  endless: false,
  chunks: (context): Observable<Chunk> => from(chunks(stream, pieceBytes, context)),
})

async function* chunks(
  stream: Uint8Array,
  pieceBytes: () => number,
  context: SourceContext,
): AsyncGenerator<Chunk> {
  const { credits, signal } = context
  const stored = context.recall(checkpointName)
  const origin: Origin = {
    id: originId,
    name: 'simulated',
    checkpoint: (position) => [checkpointName, textBytes(`${position}`)],
  }
  for (let [at, end] = [stored ? Number(bytesText(stored)) : 0, false]; !end;) {
    await credits.take()
    if (signal.aborted) return
    const size = pieceBytes()
    end = at + size >= stream.length
    // A copy: the engine reads it until the batch is settled, and the next run has to find the stream as it was.
    const bytes = stream.slice(at, at + size)
    yield { origin, bytes, headroom: 0, at, end: end ? 'end' : 'more', ack: () => credits.give() }
    at += bytes.length
  }
}
