import type { Row, VerdictBatch } from '../../native/batch.ts'
import type { FrameFault } from '../../native/engine.ts'
import type { Frames, Part } from '../../operators/flow.ts'
import type { Sink } from '../../operators/publish.ts'
import type { Output } from './output.ts'

/** One JSON object a line for each verdict and each fault, in the order of the stream (docs/json.md). */
export function verdictSink(output: Output): Sink {
  return { write: async (part) => output.write(verdictLines(part)) }
}

/** The verdicts and faults of a part as JSON lines. */
export function verdictLines({ work, settled, last }: Part): string {
  const frames = work.kind === 'frames' ? work : undefined
  const faults = [...(frames?.faults ?? [])]
  const lines: string[] = []
  const faultsBefore = (message: number): void => {
    while (faults[0] && faults[0].beforeFrame <= message) lines.push(faultLine(faults.shift(), frames))
  }
  if (settled) addRows(settled.verdicts, frames, lines, faultsBefore)
  if (last) faultsBefore(Number.POSITIVE_INFINITY)
  return lines.length > 0 ? `${lines.join('\n')}\n` : ''
}

function addRows(
  verdicts: VerdictBatch,
  frames: Frames | undefined,
  lines: string[],
  faultsBefore: (message: number) => void,
): void {
  for (let index = 0; index < verdicts.length; index += 1) {
    const row = verdicts.row(index)
    if (row.message !== undefined) faultsBefore(row.message)
    lines.push(verdictLine(row, frames))
  }
}

function verdictLine(row: Row, frames: Frames | undefined): string {
  const { message, aid, sn, said, ilk, verdict, reason, awaits, fn, verified } = row
  return JSON.stringify({
    type: 'verdict',
    ...(frames && message !== undefined && placeOf(frames, message)),
    aid,
    sn: sn.toString(16),
    said,
    ilk,
    verdict,
    ...(fn !== undefined && { fn: Number(fn) }),
    ...(reason !== undefined && { [verdict === 'rejected' ? 'code' : 'escrow']: reason }),
    ...(awaits !== undefined && { awaits }),
    ...(message === undefined && { retried: true }),
    ...(verified !== undefined && { signatures: verified ? 'valid' : 'unknown-signer' }),
  })
}

function placeOf(frames: Frames, message: number): { source: string; offset: number; bytes: number } {
  const [start = 0, , end = start] = frames.spans.subarray(message * 4, message * 4 + 3)
  return { source: frames.origin.name, offset: frames.at + start, bytes: end - start }
}

const faultLine = (fault: FrameFault | undefined, frames: Frames | undefined): string =>
  JSON.stringify({
    type: 'fault',
    source: frames?.origin.name,
    offset: Number(fault?.offset),
    bytes: Number(fault?.bytes),
    code: fault?.code,
    message: fault?.message,
  })
