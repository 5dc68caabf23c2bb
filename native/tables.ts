import { tableNames } from './layout.ts'

export { tableNames }

export type TableName = (typeof tableNames)[number]

/** A table's number, as it stands in requests and writes. What each table holds: ARCHITECTURE.md, "Tables". */
export const tableNumber = (name: TableName): number => tableNames.indexOf(name)
