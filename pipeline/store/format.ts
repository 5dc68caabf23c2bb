import { closeSync, existsSync, openSync, readSync } from 'node:fs'

import { PipelineError } from '../errors.ts'
import { bytesText, textBytes } from '../text.ts'
import { readMeta, type StoreReader } from './store.ts'

/** The version of the layout of tables and values. It changes whenever an older program would misread them. */
export const formatVersion = 3

const metaName = 'format'

/** The record that marks a new database as one of this version. */
export const formatRecord = (): [string, Uint8Array] => [metaName, textBytes(`kelpipe ${formatVersion}`)]

/** Refuses a database of another version. Returns whether the database is new, with no version in it. */
export function checkFormat(store: StoreReader, directory: string): 'new' | 'current' {
  const stored = readMeta(store, metaName)
  if (!stored) return 'new'
  const text = bytesText(stored)
  if (text === `kelpipe ${formatVersion}`) return 'current'
  throw new PipelineError('store/format', {
    what: `the database ${directory} has format "${text}", this kelpipe reads "kelpipe ${formatVersion}"`,
    next: 'export it as CESR with the kelpipe that wrote it (kelpipe export), then ingest that into a new --store',
  })
}

/** Where the first page of a database says that it is one, and what it says. */
const magicOffset = 24
const magic = 0xbeefc0de

/**
 * Throws for a file that is there and no database: the library would take the process down with it. An empty one can
 * become a database, but not be read.
 */
export function refuseForeign(path: string, readOnly: boolean): void {
  if (!existsSync(path)) return
  const head = new DataView(new ArrayBuffer(magicOffset + 4))
  const file = openSync(path, 'r')
  try {
    const bytes = readSync(file, head)
    if (
      (bytes === 0 && !readOnly) ||
      (bytes === head.byteLength && head.getUint32(magicOffset, true) === magic)
    )
      return
  } finally {
    closeSync(file)
  }
  throw new Error(`${path} is no database of this program`)
}
