import type { Row, VerdictBatch } from '../../native/batch.ts'
import { ilkNames } from '../../native/layout.ts'
import type { OutRecord } from './client/client.ts'
import type { Packer } from './client/packed.ts'
import { Writer } from './client/writer.ts'
import type { OutputContext } from './context.ts'

/** Headers of the record of an accepted event. */
export const acceptedHeaders = ({
  sn,
  said,
  ilk,
  fn,
}: Row): Record<'sn' | 'said' | 'ilk' | 'fn', string> => ({
  sn: sn.toString(16),
  said,
  ilk,
  fn: `${fn}`,
})

/** The record of an accepted event: its bytes, keyed by AID. */
export const acceptedRecord = (
  { topics, partition }: Pick<OutputContext, 'topics' | 'partition'>,
  row: Row,
  value: Uint8Array,
): OutRecord => ({ topic: topics.accepted, partition, key: row.aid, value, headers: acceptedHeaders(row) })

/** Names of headers as records have them, and how many there are. */
const names = {
  sn: varstringOf('sn'),
  said: varstringOf('said'),
  ilk: varstringOf('ilk'),
  fn: varstringOf('fn'),
}
const headerCount = 4

/** What headers take at most beside the SAID, and the lengths of all fields. */
const headersBytesMax = 128

/** Packs that record from the columns, as most records are of this sort: without an object for it. */
export function packAccepted(
  { topics, partition }: Pick<OutputContext, 'topics' | 'partition'>,
  verdicts: VerdictBatch,
  index: number,
  value: Uint8Array,
  packer: Packer,
): void {
  const { aid, said } = verdicts.texts(index)
  const bytes = aid.length + said.length + value.length + headersBytesMax
  const pack = packer.pack(topics.accepted, partition, bytes, bytes * (verdicts.length - index))
  const to = pack.begin()
  to.varbytes(aid)
  to.varbytes(value)
  to.varint(headerCount)
  to.raw(names.sn)
  to.varstring(verdicts.sn(index).toString(16))
  to.raw(names.said)
  to.varbytes(said)
  to.raw(names.ilk)
  to.varstring(ilkNames[verdicts.ilk[index] ?? 0] ?? '')
  to.raw(names.fn)
  to.varstring(`${verdicts.firstSeen(index)}`)
  pack.end()
}

function varstringOf(text: string): Uint8Array {
  const to = new Writer(text.length + 1)
  to.varstring(text)
  return to.bytes()
}
