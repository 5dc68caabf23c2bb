import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

import { bytesText, textBytes } from '../text.ts'

/** What identifies a file, and how far it was read. Stored as JSON with the state that its bytes led to. */
export interface Checkpoint {
  readonly path: string
  readonly device: string
  readonly inode: string
  readonly size: number
  /** The digest of the first `headBytes` bytes. */
  readonly head: string
  readonly headBytes: number
  /** In the stream after decompression. */
  readonly position: number
}

export type Identity = Omit<Checkpoint, 'position'>

/** The name under which a file's checkpoint is stored: of one length, whatever the path. */
export const checkpointName = (path: string): string =>
  `source/${createHash('sha256').update(path).digest('hex')}`

export const encodeCheckpoint = (checkpoint: Checkpoint): Uint8Array => textBytes(JSON.stringify(checkpoint))

/** Reads who a file is. `headBytes` of it are digested; a shorter file is digested whole. */
export async function identify(file: FileHandle, path: string, headBytes: number): Promise<Identity> {
  const { dev, ino, size } = await file.stat({ bigint: true })
  const head = Buffer.alloc(Math.min(headBytes, Number(size)))
  const { bytesRead } = await file.read(head, 0, head.length, 0)
  const digest = createHash('sha256').update(head.subarray(0, bytesRead)).digest('hex')
  return { path, device: `${dev}`, inode: `${ino}`, size: Number(size), head: digest, headBytes: bytesRead }
}

/** Where to start reading, and why if not at the start of a new file. */
export interface Resumption {
  readonly position: number
  readonly note?: string
}

/**
 * Compares a file with what is stored under its path. The same file, grown or not, is taken up at the stored
 * position; one that was replaced or truncated is read from the start. Reading again is always safe: what is known
 * already is found to be a duplicate.
 */
export async function resumption(
  file: FileHandle,
  now: Identity,
  stored: Uint8Array | undefined,
  compressed: boolean,
): Promise<Resumption> {
  if (!stored) return { position: 0 }
  const before = JSON.parse(bytesText(stored)) as Checkpoint
  const fromStart = (what: string): Resumption => ({
    position: 0,
    note: `${now.path} ${what}: reading it from the start`,
  })
  const read = compressed ? before.size : before.position
  if (now.size < read) return fromStart(`was truncated (${now.size} bytes; ${read} had been read)`)
  if (now.device !== before.device || now.inode !== before.inode)
    return fromStart('was replaced since it was read')
  const head = await identify(file, now.path, before.headBytes)
  if (head.head !== before.head) return fromStart('has other content than when it was read')
  if (compressed && now.size !== before.size)
    return fromStart('has grown, and compressed files are read as one')
  if (before.position === 0) return { position: 0 }
  return { position: before.position, note: `${now.path}: going on at byte ${before.position}` }
}
