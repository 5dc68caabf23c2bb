import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

import { Decompress } from 'fzstd'

import type { Limits } from '../limits.ts'

export type Compression = 'gzip' | 'zstd'

/** Tells a compression by the end of the name. */
export const compressionOf = (path: string): Compression | undefined =>
  path.endsWith('.gz') ? 'gzip' : path.endsWith('.zst') ? 'zstd' : undefined

/** The decompressed content of a file, read no faster than it is consumed. */
export function decompressed(file: FileHandle, compression: Compression, limits: Limits): Readable {
  const raw = file.createReadStream({ autoClose: false, start: 0, highWaterMark: limits.batchBytesMin })
  if (compression === 'zstd') return Readable.from(unzstd(raw, limits))
  const unpacked = createGunzip({ chunkSize: limits.batchBytesMin })
  raw.once('error', (error) => unpacked.destroy(error))
  return raw.pipe(unpacked)
}

/**
 * Decompresses Zstandard in small pieces. What one piece may become is bounded, since a few bytes can stand for
 * gigabytes.
 */
async function* unzstd(raw: AsyncIterable<Uint8Array>, limits: Limits): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = []
  let bytes = 0
  const stream = new Decompress((piece) => {
    bytes += piece.length
    if (bytes > limits.expansionBytesPerPiece)
      throw new RangeError(
        `more than ${limits.expansionBytesPerPiece} bytes out of ${limits.compressedPieceBytes}`,
      )
    ready.push(piece)
  })
  const flushed = (): Uint8Array[] => {
    const pieces = ready
    ready = []
    bytes = 0
    return pieces
  }
  for await (const chunk of raw)
    for (let at = 0; at < chunk.length; at += limits.compressedPieceBytes) {
      stream.push(chunk.slice(at, at + limits.compressedPieceBytes))
      yield* flushed()
    }
  stream.push(new Uint8Array(0), true)
  yield* flushed()
}
