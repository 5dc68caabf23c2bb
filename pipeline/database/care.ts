import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

import type { Addon } from '../../native/addon.ts'
import type { EngineOptions } from '../../native/engine.ts'
import { PipelineError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { stateDigest } from '../replay.ts'
import { fullDiskBytes, requireRoom } from '../store/disk.ts'
import { dataFile, lockFile, openReader, openStore, type DiskReader } from '../store/lmdb.ts'
import { lockWriter } from '../store/lock.ts'
import type { StoreReader } from '../store/store.ts'
import { makeAgain, type Problem } from './again.ts'
import { differences } from './compare.ts'

export interface Care {
  readonly addon: Addon
  readonly options: EngineOptions
  readonly limits: Limits
  /** The folder of the database. */
  readonly directory: string
  readonly signal: AbortSignal
}

/** What a check found (docs/json.md). */
export interface Checked {
  readonly type: 'db-check'
  readonly ok: boolean
  /** Logged events that were judged again. */
  readonly events: number
  /** Entries that wait, whose indexes were compared. */
  readonly waiting: number
  readonly problems: number
}

/**
 * Judges every logged event again, makes all indexes anew beside the database, and compares. A writer may be at work
 * meanwhile; what it adds after the log was read is no problem, but can look like one.
 */
export async function check(care: Care, tell: (problem: Problem) => void): Promise<Checked> {
  const now = await openReader(care.directory)
  try {
    return await beside(care, sizeOf(care), async (side) => {
      let problems = 0
      const found = (problem: Problem): void => {
        problems += 1
        if (problems <= care.limits.problemsMax) tell(problem)
      }
      const store = await openStore(side)
      try {
        for (const problem of await makeAgain({ ...care, from: now, to: store })) found(problem)
        const { addon, limits } = care
        const comparing = { addon, pageRecords: limits.scanPageRecords, now, again: store }
        for await (const problem of differences(comparing)) found(problem)
      } finally {
        await store.close()
      }
      const [events, waiting] = [now.count('log'), now.count('waiting')]
      return { type: 'db-check', ok: problems === 0, events, waiting, problems }
    })
  } finally {
    await now.close()
  }
}

/** What was made of a database (docs/json.md). */
export interface Replaced {
  readonly type: 'db-rebuild' | 'db-compact'
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** The digest of the key states and logs; of what it was before if that could be read. */
  readonly digest: string
  readonly digestBefore: string | undefined
}

/**
 * Makes all derived tables anew from the log and from what waits, and puts the result in the place of the database. It
 * is refused if an event is not accepted again.
 */
export async function rebuild(care: Care): Promise<Replaced> {
  return replaced(care, 'db-rebuild', sizeOf(care), async (now, side) => {
    const store = await openStore(side)
    try {
      const [problem] = await makeAgain({ ...care, from: now, to: store })
      if (problem)
        throw new PipelineError('store/rebuild', {
          what: `an event of the log is not accepted again: ${problem.record}: ${problem.problem}; the database is as it was`,
          next: 'give the --mode, --rule and --own that it was made with; see "kelpipe db check" for all such events',
        })
    } finally {
      await store.close()
    }
  })
}

/** Copies a database without the space that nothing uses, and puts the copy in its place. */
export async function compact(care: Care): Promise<Replaced> {
  const now = await openReader(care.directory)
  const { fileBytes, freeBytes } = now.stats()
  await now.close()
  return replaced(care, 'db-compact', fileBytes - freeBytes, async (from, side) => from.copyTo(side))
}

const sizeOf = ({ directory }: Care): number => statSync(join(directory, dataFile)).size

/** Makes another database beside the one there is, and puts it in its place. Readers keep the one that they opened. */
async function replaced(
  care: Care,
  type: Replaced['type'],
  neededBytes: number,
  make: (now: DiskReader, side: string) => Promise<void>,
): Promise<Replaced> {
  const { addon, directory } = care
  const lock = lockWriter(directory)
  try {
    return await beside(care, neededBytes, async (side) => {
      const now = await openReader(directory)
      let digestBefore: string | undefined
      try {
        digestBefore = digestOf(addon, now)
        await make(now, side)
      } finally {
        await now.close()
      }
      const made = await openReader(side)
      const digest = stateDigest(addon, made, true)
      await made.close()
      const data = join(directory, dataFile)
      const bytesBefore = statSync(data).size
      // A lock file belongs to one data file: the next one who opens the database makes its own.
      rmSync(join(directory, lockFile), { force: true })
      renameSync(join(side, dataFile), data)
      return { type, bytesBefore, bytesAfter: statSync(data).size, digest, digestBefore }
    })
  } finally {
    lock.release()
  }
}

/** Nothing if a record cannot be read. */
function digestOf(addon: Addon, store: StoreReader): string | undefined {
  try {
    return stateDigest(addon, store, true)
  } catch {
    return undefined
  }
}

/** Runs with a folder beside the data, on the same disk, that is gone afterwards. */
async function beside<Result>(
  { directory }: Care,
  neededBytes: number,
  use: (side: string) => Promise<Result>,
): Promise<Result> {
  requireRoom(directory, neededBytes + fullDiskBytes, 'a second database beside this one')
  const side = mkdtempSync(join(directory, 'made-'))
  try {
    return await use(side)
  } finally {
    rmSync(side, { recursive: true, force: true })
  }
}
