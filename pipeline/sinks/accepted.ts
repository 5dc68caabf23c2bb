import type { Frames } from '../../operators/flow.ts'
import type { Sink } from '../../operators/publish.ts'
import type { Output } from './output.ts'

/** Accepted events as CESR: the exact bytes that were received, in the order in which they were accepted. */
export function acceptedSink(output: Output): Sink {
  return {
    write: async ({ work, settled }) => {
      if (work.kind !== 'frames' || !settled) return
      const { verdicts } = settled
      for (let index = 0; index < verdicts.length; index += 1) {
        const { verdict, message } = verdicts.row(index)
        if (verdict === 'accepted' && message !== undefined) await output.write(messageBytes(work, message))
      }
    },
  }
}

/** A copy: the batch's own bytes are overwritten once it is acknowledged. */
function messageBytes({ source, spans }: Frames, message: number): Uint8Array {
  const [start = 0, , end = start] = spans.subarray(message * 4, message * 4 + 3)
  return source.slice(start, end)
}
