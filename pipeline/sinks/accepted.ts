import { verdictNames } from '../../native/batch.ts'
import type { Sink } from '../../operators/publish.ts'
import type { Output } from './output.ts'

const accepted = verdictNames.indexOf('accepted')
const nothing = new Uint8Array(0)

/**
 * Accepted messages as CESR, in the order in which they were accepted: the exact bytes that were received. An event that
 * had waited stands where it was accepted, with all the attachments that it was accepted by.
 */
export function acceptedSink(output: Output): Sink {
  return {
    write: async ({ work, settled }) => {
      if (!settled) return
      const { verdicts } = settled
      const source = work.kind === 'frames' ? work.source : nothing
      const messages: Uint8Array[] = []
      for (let index = 0; index < verdicts.length; index += 1)
        if (verdicts.verdict[index] === accepted) messages.push(verdicts.bytes(index, source))
      // Joining them copies them: the batch's own bytes are overwritten once it is acknowledged.
      await output.write(Buffer.concat(messages))
    },
  }
}
