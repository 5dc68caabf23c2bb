import { createRequire } from 'node:module'

import { addonPath } from './addon.ts'

/** The compressions of record batches that the addon undoes. */
export type Compression = 'lz4' | 'snappy' | 'zstd'

interface Binding {
  crc32c(bytes: Uint8Array): number
  decompress(compression: Compression, bytes: Uint8Array, most: number): Promise<ArrayBuffer>
}

let loaded: Binding | undefined
const binding = (): Binding => (loaded ??= createRequire(import.meta.url)(addonPath()) as Binding)

/** The CRC-32C of bytes, as record batches carry it: a number of 32 bits without a sign. */
export const crc32c = (bytes: Uint8Array): number => binding().crc32c(bytes)

/** Undoes a compression off the event loop; rejects if the bytes are damaged, or stand for more than `most`. */
export const decompress = async (
  compression: Compression,
  bytes: Uint8Array,
  most: number,
): Promise<Uint8Array> => new Uint8Array(await binding().decompress(compression, bytes, most))
