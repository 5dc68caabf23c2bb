import type { Frames } from '../../operators/flow.ts'
import type { LogRecord, OutRecord } from './client/client.ts'
import type { RecordOrigin } from './feed.ts'
import type { OutputContext } from './context.ts'
import type { Unfit } from './taken.ts'

const reasons: Readonly<Record<Unfit, string>> = {
  empty: 'the record has no bytes',
  keyed: 'the key is not the AID of what the record holds',
  misrouted: 'the key belongs to another partition',
  oversized: 'key and value are more than limits.kafkaRecordBytes',
  interest: 'the record is of the exchange',
}

/** The header that tells how many bytes of a value did not fit into its dead letter. */
export const cutHeader = 'cut'

/** What of a batch is given up: records that are unfit, and bytes that are no message. */
export function deadLetters(
  { topics, partition }: OutputContext,
  { source, faults, at }: Frames,
  origin: RecordOrigin,
): OutRecord[] {
  const letter = (
    offset: bigint,
    record: Pick<LogRecord, 'key' | 'value'>,
    headers: Readonly<Record<string, string>>,
  ): OutRecord => ({
    topic: topics.deadLetters,
    partition,
    key: record.key,
    value: record.value ?? new Uint8Array(0),
    headers: { ...headers, topic: topics.input, partition: `${partition}`, offset: `${offset}` },
  })
  const unfit = origin
    .refused()
    .map(({ record, reason }) =>
      letter(record.offset, record, { reason: `record/${reason}`, message: reasons[reason] }),
    )
  const broken = faults.map(({ code, offset, bytes, message }) => {
    const from = Number(offset)
    const { offset: of, skip } = origin.positionAt(from)
    const value = source.subarray(from - at, from - at + Number(bytes))
    return letter(of, { key: origin.keyAt(from), value }, { reason: code, message, at: `${skip}` })
  })
  return [...unfit, ...broken]
}
