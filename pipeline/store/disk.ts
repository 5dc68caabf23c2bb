import { statfsSync } from 'node:fs'

import { PipelineError } from '../errors.ts'

/** Bytes left on a disk below which it counts as full. */
export const fullDiskBytes: number = 1024 * 1024

/** What is left on the disk of a folder; without bound if that cannot be told. */
export function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Refuses what needs more room than there is. A file that is mapped and cannot grow would end the process at once. */
export function requireRoom(directory: string, neededBytes: number, purpose: string): void {
  const free = freeBytes(directory)
  if (free >= neededBytes) return
  throw new PipelineError('store/full', {
    what: `${purpose} needs ${neededBytes} bytes on the disk of ${directory}, which has ${free} left; nothing was changed`,
    next: 'make room and run the same command again',
  })
}
