import { readMeta, type StoreReader } from '../store/store.ts'
import { bytesText, textBytes } from '../text.ts'

/** Where a partition is taken up: the offset of a record, and how many bytes of its value are done with. */
export interface Position {
  readonly offset: bigint
  readonly skip: number
}

/** Where a partition is taken up that nobody has read yet. */
export const start: Position = { offset: 0n, skip: 0 }

/** What a partition is read for: what is to be taken in, and what other partitions have sent. */
export type Role = 'input' | 'exchange'

export const isRole = (purpose: string): purpose is Role => purpose === 'input' || purpose === 'exchange'

/** The `meta` record that keeps a position. */
export const positionName = (role: string): string => `kafka/at/${role}`

export const positionText = ({ offset, skip }: Position): string => `${offset} ${skip}`

export function positionOf(text: string): Position {
  const [offset = '0', skip = '0'] = text.split(' ')
  return { offset: BigInt(offset), skip: Number(skip) }
}

export const encodePosition = (position: Position): Uint8Array => textBytes(positionText(position))
export const decodePosition = (bytes: Uint8Array): Position => positionOf(bytesText(bytes))

/** Where a database has come for a purpose, if it has begun. */
export function storedPosition(store: StoreReader, purpose: string): Position | undefined {
  const stored = readMeta(store, positionName(purpose))
  return stored && decodePosition(stored)
}
