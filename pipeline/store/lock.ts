import { linkSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { PipelineError, systemCode } from '../errors.ts'
import { limits } from '../limits.ts'

/** Who writes to a database; the content of its lock file. */
interface Holder {
  readonly pid: number
  readonly host: string
  readonly since: string
  /** When the process started, as the system counts it: tells it from a later process with the same pid. */
  readonly started: string
}

const lockFile = 'writer.lock'

export interface WriterLock {
  /** Gives the database free for the next writer. */
  release(): void
}

/**
 * Makes this process the one writer of the database in `directory`. A lock whose process lives is respected and
 * the error names that process; one that was left behind by a crash is taken over.
 */
export function lockWriter(directory: string): WriterLock {
  const path = join(directory, lockFile)
  const mine = {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    started: startOf(process.pid),
  }
  if (!create(path, mine)) {
    refuseIfHeld(path, directory)
    takeOver(path, mine, directory)
  }
  const beat = setInterval(() => touch(path), limits.lockBeatMs)
  beat.unref()
  return {
    release: () => {
      clearInterval(beat)
      rmSync(path, { force: true })
    },
  }
}

/** Who writes to the database in `directory` now, if somebody does. */
export function writerOf(directory: string): string | undefined {
  const path = join(directory, lockFile)
  const holder = readHolder(path)
  return holder && lives(holder, path) ? inWords(holder) : undefined
}

const inWords = ({ pid, host, since }: Holder): string => `process ${pid} on ${host}, since ${since}`

/** Creates the lock file with its content at once; false if there is one. */
function create(path: string, holder: Holder): boolean {
  const draft = `${path}.${process.pid}.${Date.now()}`
  writeFileSync(draft, JSON.stringify(holder))
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw new PipelineError('store/open', { what: `cannot make the lock file ${path}`, cause: error })
  } finally {
    rmSync(draft, { force: true })
  }
}

function refuseIfHeld(path: string, directory: string): void {
  const holder = readHolder(path)
  if (!holder || !lives(holder, path)) return
  throw new PipelineError('store/locked', {
    what: `the database ${directory} has a writer: ${inWords(holder)}`,
    next: `wait for it or stop it; reading ("kelpipe state", "kelpipe export") works meanwhile`,
  })
}

/** Replaces a lock that was left behind. Of several processes that try, one succeeds. */
function takeOver(path: string, mine: Holder, directory: string): void {
  const guard = `${path}.takeover`
  if (isStale(guard)) rmSync(guard, { force: true })
  if (!create(guard, mine)) refuseTakeover(directory)
  try {
    refuseIfHeld(path, directory)
    rmSync(path, { force: true })
    if (!create(path, mine)) refuseTakeover(directory)
  } finally {
    rmSync(guard, { force: true })
  }
}

function refuseTakeover(directory: string): never {
  throw new PipelineError('store/locked', {
    what: `another process is just becoming the writer of the database ${directory}`,
    next: 'wait for it, then try again',
  })
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

/** Whether the holder still runs. On another host (a container, say) only the age of its last beat tells. */
function lives(holder: Holder, path: string): boolean {
  if (holder.host !== hostname()) return !isStale(path)
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
  return startOf(holder.pid) === holder.started
}

function isStale(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > limits.lockStaleMs
  } catch {
    return false
  }
}

function touch(path: string): void {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // The folder may be gone; the next commit says so with a better message.
  }
}

/** The start time of a process where the system tells it (Linux), else the same word for all. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
