import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

import { packageRoot } from '../../native/root.ts'

/** The program as it is built. */
export const main: string = join(packageRoot(), 'dist', 'pipeline', 'main.js')

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program to its end. */
export function kelpipe(
  args: readonly string[],
  input?: string | Uint8Array,
  environment: Readonly<Record<string, string>> = {},
): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    env: { ...process.env, ...environment },
    ...(input !== undefined && { input }),
  })
  return { status, stdout, stderr }
}

/** Starts the program. */
export const startKelpipe = (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess =>
  spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })

/** Streams that the reference made, and what it made of them (tests/samples/README.md). */
export const examples: string = join(packageRoot(), 'tests', 'samples')

/** Numbers from 0 to before 1 that look random and are the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
