/** The tables of the database, in the order of their numbers. What each holds: ARCHITECTURE.md, "Tables". */
export const tableNames = [
  'aids',
  'kel',
  'log',
  'late',
  'seals',
  'waiting',
  'awaits',
  'expiry',
  'wake',
  'meta',
] as const

export type TableName = (typeof tableNames)[number]

/** A table's number, as it stands in requests and writes. */
export const tableNumber = (name: TableName): number => tableNames.indexOf(name)
