import { InvalidArgumentError, Option, type Command } from 'commander'

import type { EngineOptions } from '../../native/engine.ts'
import { limits } from '../limits.ts'

/** Where the database is, if nobody says. */
export const defaultStore = './kelpipe-data'

export const storeOption = (): Option =>
  new Option('--store <dir>', 'the folder of the database').default(defaultStore).env('KELPIPE_STORE')

export interface RuleFlags {
  readonly mode: 'hardened' | 'keripy'
  readonly rule: readonly RuleFlag[]
  readonly own: readonly string[]
  readonly genus?: '1' | '2'
  readonly unknown?: 'reject' | 'skip'
  readonly cloned?: true
}

interface RuleFlag {
  readonly rule: number
  readonly on: boolean
}

/** The options that say how events are judged. */
export const withRules = (command: Command): Command =>
  command
    .addOption(
      new Option('--mode <mode>', 'hardened: all HARDEN rules on; keripy: the verdicts of the reference')
        .choices(['hardened', 'keripy'])
        .default('hardened')
        .env('KELPIPE_MODE'),
    )
    .addOption(
      new Option('--rule <n=on|off>', 'switch one HARDEN rule against the mode (repeatable)')
        .argParser(rule)
        .default([], 'none'),
    )
    .addOption(
      new Option('--own <aid>', 'an AID that is local, whose remote events are misfits (repeatable)')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '--genus <version>',
        'CESR version of streams that do not name one (told from each stream)',
      ).choices(['1', '2']),
    )
    .addOption(
      new Option('--unknown <how>', 'what a code in no table costs: the message, or the group that holds it')
        .choices(['reject', 'skip'])
        .default('reject'),
    )
    .option('--cloned', 'keep first-seen numbers and dates of replayed messages (to restore an export)')

const collect = (value: string, before: readonly string[]): string[] => [...before, value]

function rule(value: string, before: readonly RuleFlag[]): RuleFlag[] {
  const [, number, state] = /^(\d{1,2})=(on|off)$/.exec(value) ?? []
  const n = Number(number)
  if (state === undefined || n < 1 || n > 18)
    throw new InvalidArgumentError('write a rule from 1 to 18, as in 5=off')
  if (n === 14 || n === 15)
    throw new InvalidArgumentError('rules 14 and 15 (recovery of the stream) are always on')
  return [...before, { rule: n, on: state === 'on' }]
}

/** What holds if nobody says otherwise. */
export const standardRules: RuleFlags = { mode: 'hardened', rule: [], own: [] }

/** The engine's options as the flags say them. */
export const engineOptions = (flags: RuleFlags): EngineOptions => ({
  mode: flags.mode,
  rulesOff: flags.rule.filter(({ on }) => !on).map((flag) => flag.rule),
  rulesOn: flags.rule.filter(({ on }) => on).map((flag) => flag.rule),
  own: flags.own,
  lax: false,
  local: false,
  cloned: flags.cloned ?? false,
  genus: Number(flags.genus ?? 0),
  skipUnknown: flags.unknown === 'skip',
  holdWakes: false,
  cacheBytes: limits.engineCacheBytes,
  threads: 0,
})
