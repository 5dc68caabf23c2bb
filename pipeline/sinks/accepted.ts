import type { Frames } from '../../operators/flow.ts'
import type { Sink } from '../../operators/publish.ts'
import type { Output } from './output.ts'

/** Accepted events as CESR: the exact bytes that were received, in the order in which they were accepted. */
export function acceptedSink(output: Output): Sink {
  return {
    write: async ({ work, settled }) => {
      if (work.kind !== 'frames' || !settled) return
      const { verdicts } = settled
      const messages: Uint8Array[] = []
      for (let index = 0; index < verdicts.length; index += 1) {
        const { verdict, message } = verdicts.row(index)
        if (verdict === 'accepted' && message !== undefined) messages.push(messageBytes(work, message))
      }
      // Joining them copies them: the batch's own bytes are overwritten once it is acknowledged.
      await output.write(Buffer.concat(messages))
    },
  }
}

function messageBytes({ source, spans }: Frames, message: number): Uint8Array {
  const [start = 0, , end = start] = spans.subarray(message * 4, message * 4 + 3)
  return source.subarray(start, end)
}
