/** What a database on disk holds, in records and bytes. */
export interface StoreStats {
  readonly tables: Readonly<Record<string, { readonly records: number; readonly bytes: number }>>
  readonly fileBytes: number
  /** Of these, bytes that nothing uses now. */
  readonly freeBytes: number
  /** What the memory map has room for. */
  readonly mapBytes: number
  /** Readers that have the database open now. */
  readonly readers: number
}

/** What lmdb says of one table or of all. */
export interface LmdbStats {
  readonly pageSize: number
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
  readonly entryCount: number
}

export interface LmdbRootStats extends LmdbStats {
  readonly mapSize: number
  readonly lastPageNumber: number
  readonly numReaders: number
  readonly free?: LmdbStats
}

export const bytesOf = (stats: LmdbStats): number =>
  (stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages) * stats.pageSize
