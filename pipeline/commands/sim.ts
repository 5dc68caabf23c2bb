import type { Command } from 'commander'

import type { Addon } from '../../native/addon.ts'
import { requireAddon } from '../addon.ts'
import { reasonOf } from '../errors.ts'
import { caseOf, type Case } from '../sim/case.ts'
import { shrunk } from '../sim/shrink.ts'
import { simulate } from '../sim/simulate.ts'
import { exitCodes } from '../summary.ts'
import { say } from '../terminal.ts'
import { whole } from './selection.ts'

interface SimFlags {
  readonly seed: number
  readonly runs: number
  readonly case?: string
}

/** While one waits for a thread of the engine, others go on. */
const casesAtATime = 4

const help = `
Each seed makes a small world of AIDs (see kelpipe gen) and sends it through the real engine and operators, with a clock
of its own, in pieces of any size, with messages shuffled, lost, repeated and damaged, and with the store failing
between any two steps. Checked are:
  - the outcome is what the truth says, and the same without pieces and crashes;
  - without forks every order of the messages comes to the same key states; where a recovery took place, once the
    messages came again;
  - with forks the branch that came first stands in every order, and the other one is evidence.

A failure is printed with its seed, and as the simplest case that still fails, which --case runs again.

Examples:
  kelpipe sim --seed 42
  kelpipe sim --seed 1 --runs 20000`

/** `sim`: the pipeline under trouble that follows from a seed. */
export const simCommand = (program: Command): Command =>
  program
    .command('sim')
    .option('--seed <n>', 'the first seed', whole, 1)
    .option('--runs <n>', 'how many seeds, one after the other', whole, 1)
    .option('--case <json>', 'one case as it was printed, instead of a seed')
    .description(
      'Run generated worlds through the pipeline with seeded trouble, and check what comes of them.',
    )
    .addHelpText('after', help)
    .action(async ({ seed, runs, case: given }: SimFlags) => {
      const addon = requireAddon()
      const start = performance.now()
      const cases = given === undefined ? seeded(seed, runs) : [JSON.parse(given) as Case]
      const { count, failed } = await runAll(addon, cases)
      if (failed) {
        await report(addon, failed)
        process.exitCode = exitCodes.internal
        return
      }
      const seconds = (performance.now() - start) / 1000
      process.stdout.write(
        `${count.toLocaleString('en-US')} cases in ${seconds.toFixed(1)} s: nothing wrong\n`,
      )
    })

function* seeded(first: number, runs: number): Iterable<Case> {
  for (let seed = first; seed < first + runs; seed += 1) yield caseOf(seed)
}

interface Failed {
  readonly simulated: Case
  readonly wrong: readonly string[]
}

/** Runs cases, some at a time, until one fails. */
async function runAll(addon: Addon, cases: Iterable<Case>): Promise<{ count: number; failed?: Failed }> {
  const iterator = cases[Symbol.iterator]()
  let count = 0
  let failed: Failed | undefined
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); !failed && next.done !== true; next = iterator.next()) {
      const wrong = await wrongs(addon, next.value)
      count += 1
      if (wrong.length > 0) failed ??= { simulated: next.value, wrong }
    }
  }
  await Promise.all(Array.from({ length: casesAtATime }, worker))
  return { count, ...(failed && { failed }) }
}

/** What is wrong in a case; an error is, too. */
const wrongs = async (addon: Addon, simulated: Case): Promise<readonly string[]> =>
  simulate(addon, simulated).catch((error: unknown) => [`error: ${reasonOf(error)}`])

async function report(addon: Addon, { simulated, wrong }: Failed): Promise<void> {
  say(`seed ${simulated.seed} fails:`)
  for (const line of wrong) say(`  ${line}`)
  const small = await shrunk(simulated, async (candidate) => (await wrongs(addon, candidate)).length > 0)
  for (const line of await wrongs(addon, small)) say(`the simplest case: ${line}`)
  process.stdout.write(`${JSON.stringify(small)}\n`)
}
