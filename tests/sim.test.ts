import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { loadAddon } from '../native/addon.ts'
import { caseOf } from '../pipeline/sim/case.ts'
import { shrunk } from '../pipeline/sim/shrink.ts'
import { simulate } from '../pipeline/sim/simulate.ts'
import { kelpipe, main } from './support/cli.ts'

const addon = loadAddon()

/** Seeds in all; CI asks for many more. */
const seeds = Number(process.env['KELPIPE_SIM_SEEDS'] ?? 200)
/** Processes that share them. */
const shares = 2
const msPerSeed = 500

// Goal: whatever happens to the stream and to the process, the outcome is the truth. Each seed is a world of its own.
test(
  `nothing goes wrong in ${seeds} worlds`,
  async () => {
    const runs = Math.ceil(seeds / shares)
    const halves = Array.from({ length: shares }, async (_, share) =>
      promisify(execFile)(process.execPath, [
        main,
        'sim',
        '--seed',
        `${1 + share * runs}`,
        '--runs',
        `${runs}`,
      ]),
    )
    for (const { stdout } of await Promise.all(halves)) expect(stdout).toContain('nothing wrong')
  },
  seeds * msPerSeed,
)

test('a case is the same every time, and all of it follows from the seed', async () => {
  expect(caseOf(7)).toEqual(caseOf(7))
  expect(caseOf(7)).not.toEqual(caseOf(8))
  expect(await simulate(addon, caseOf(7))).toEqual([])
})

// A simulation that cannot fail proves nothing: here the engine forgets every key state.
test('a wrong outcome is seen, and the case is made as simple as it can be', async () => {
  const forgetful = { ...addon, keyState: () => null }
  const fails = async (candidate: ReturnType<typeof caseOf>): Promise<boolean> =>
    (await simulate(forgetful, candidate)).length > 0
  const seen = await simulate(forgetful, { ...caseOf(11), flips: 0 })
  expect(seen.some((line) => line.startsWith('states: missing '))).toBe(true)
  const { plan, crashes } = await shrunk({ ...caseOf(11), flips: 0 }, fails)
  expect({ aids: plan.aids, events: plan.events, crashes, shuffle: plan.shuffle }).toEqual({
    aids: 1,
    events: 1,
    crashes: 0,
    shuffle: 1,
  })
})

test('a case that was printed runs again', () => {
  const { status, stdout } = kelpipe(['sim', '--case', JSON.stringify(caseOf(3))])
  expect(stdout).toMatch(/^1 cases in [\d.]+ s: nothing wrong\n$/)
  expect(status).toBe(0)
})
