import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { loadAddon } from '../native/addon.ts'
import { caseOf } from '../pipeline/sim/case.ts'
import { forkFaults } from '../pipeline/sim/forks.ts'
import type { Stored } from '../pipeline/sim/held.ts'
import { Random } from '../pipeline/sim/random.ts'
import { Schedule } from '../pipeline/sim/schedule.ts'
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

type Options = Parameters<typeof addon.engine>[0]
const withRules = (change: Partial<Options>): typeof addon => ({
  ...addon,
  engine: (options) => addon.engine({ ...options, ...change }),
})
/** Cuts the second message out of what a framer gives. */
const losing: typeof addon = {
  ...addon,
  framer: (options) => {
    const framer = addon.framer(options)
    let found = 0
    return {
      frame: (window, end) => {
        const framed = framer.frame(window, end)
        found += framed.spans.length
        return found === framed.spans.length && found > 4
          ? { ...framed, spans: framed.spans.subarray(4) }
          : framed
      },
    }
  },
}

// Each of these breaks what one of the oracles is about.
test.each([
  ['receipts are held against the log too late', withRules({ rulesOff: [13] })],
  ['what comes again is taken for duplicity', withRules({ rulesOff: [16] })],
  ['the verdicts are those of the reference', withRules({ mode: 'keripy' })],
  ['nothing that waits is woken', withRules({ holdWakes: true })],
  ['a message is lost between two chunks', losing],
  [
    'a restart forgets how many events there were',
    {
      ...addon,
      engine: (options: Options) => {
        const engine = addon.engine(options)
        return { ...engine, open: () => engine.open(null) }
      },
    },
  ],
])('a fault is found: %s', async (_, broken) => {
  const seedsMax = 100
  let wrong: readonly string[] = []
  for (let seed = 1; wrong.length === 0 && seed <= seedsMax; seed += 1)
    wrong = await simulate(broken, caseOf(seed)).catch((error: unknown) => [String(error)])
  expect(wrong).not.toEqual([])
})

test('a branch that stands although it came later is found, and evidence that is missing', () => {
  const [first, later] = [`E${'a'.repeat(43)}`, `E${'b'.repeat(43)}`]
  const rows = [{ type: 'fork', aid: 'A', sn: '1', said: first, other: later }]
  const messages = [first, later].map((said) =>
    Buffer.from(`{"v":"KERI10JSON000000_","t":"ixn","d":"${said}"`),
  )
  const held = (logged: string, evidence: string): Stored => ({
    states: new Set(),
    superseded: new Set(),
    logged: new Set([`A 1 ${logged}`]),
    waiting: new Set([`A 1 ${evidence} likely-duplicitous`]),
  })
  expect(forkFaults(rows, messages, held(first, later))).toEqual([])
  expect(forkFaults(rows, messages, held(later, first))).toEqual([
    `the branch that came later stands: A 1 ${later}`,
  ])
  expect(forkFaults(rows, messages, held(first, 'another'))).toEqual([`no evidence of A 1 ${later}`])
  expect(forkFaults(rows, messages.toReversed(), held(later, first))).toEqual([])
})

test('the order of steps follows from the seed alone, whatever time they take', async () => {
  const order = async (seed: number, delaysMs: readonly number[]): Promise<number[]> => {
    const schedule = new Schedule(new Random(seed))
    const ended: number[] = []
    await Promise.all(
      delaysMs.map(async (delayMs, step) => {
        await schedule.run(() => setTimeout(delayMs))
        ended.push(step)
      }),
    )
    return ended
  }
  expect(await order(5, [0, 1, 2, 3, 4, 5])).toEqual(await order(5, [5, 4, 3, 2, 1, 0]))
  expect(await order(5, [0, 0, 0, 0, 0, 0])).not.toEqual(await order(6, [0, 0, 0, 0, 0, 0]))
})

test('a case that was printed runs again', () => {
  const { status, stdout } = kelpipe(['sim', '--case', JSON.stringify(caseOf(3))])
  expect(stdout).toMatch(/^1 cases in [\d.]+ s: nothing wrong\n$/)
  expect(status).toBe(0)
})
