/**
 * Places in a record batch of format 2, from its first offset on, and the bytes in front of its records.
 *
 * Source: Kafka documentation, message format.
 */
export const head = {
  length: 8,
  /** Behind the length stands what it counts. */
  lengthEnd: 12,
  magic: 16,
  crc: 17,
  /** From here on the checksum covers everything. */
  attributes: 21,
  lastDelta: 23,
  producerId: 43,
  count: 57,
  bytes: 61,
} as const

/** The number of the format. */
export const magic = 2

/** Bits of the attributes. */
export const attributes = { compression: 7, transactional: 16, control: 32 } as const
