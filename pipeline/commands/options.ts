import { InvalidArgumentError, Option, type Command } from 'commander'

import type { EngineOptions, KindLimits, RuleLimits } from '../../native/engine.ts'
import { escrowKinds } from '../../native/layout.ts'
import { limits } from '../limits.ts'
import { primitives } from './selection.ts'

/** Where the database is, if nobody says. */
export const defaultStore = './kelpipe-data'

export const storeOption = (): Option =>
  new Option('--store <dir>', 'the folder of the database').default(defaultStore).env('KELPIPE_STORE')

/** How streams are read. */
export interface TableFlags {
  readonly genus?: '1' | '2'
  readonly unknown?: 'reject' | 'skip'
}

export interface RuleFlags extends TableFlags {
  readonly mode: 'hardened' | 'keripy'
  readonly rule: readonly RuleFlag[]
  readonly own: readonly string[]
  readonly cloned?: true
  readonly escrow?: readonly EscrowFlag[]
}

interface RuleFlag {
  readonly rule: number
  readonly on: boolean
}

/** A limit of one escrow, or of all, as `--escrow out-of-order.timeout=600` says it. */
interface EscrowFlag {
  readonly kind: string
  readonly field: EscrowField
  readonly value: number
}

type EscrowField = 'timeout' | 'retry' | 'entries' | 'bytes'

/** What can be limited besides single escrows, with the names that the engine has for its limits. */
const sharedCaps: Readonly<Record<string, Partial<Record<EscrowField, keyof RuleLimits>>>> = {
  all: { entries: 'waitingEntriesMax', bytes: 'waitingBytesMax' },
  source: { entries: 'waitingPerSourceEntriesMax', bytes: 'waitingPerSourceBytesMax' },
  aid: { entries: 'waitingPerAidMax' },
  place: { entries: 'waitingPerPlaceMax' },
}
const kindFields: Partial<Record<EscrowField, keyof KindLimits>> = {
  timeout: 'timeoutSeconds',
  entries: 'entriesMax',
  bytes: 'bytesMax',
}

/** The options that say how streams are read. */
export const withTables = (command: Command): Command =>
  command
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

/** The options that say how events are judged. */
export const withRules = (command: Command): Command =>
  withTables(command)
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
        .argParser(primitives)
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '--escrow <kind.limit=n>',
        'of an escrow the timeout or retry interval in seconds, or the most entries or bytes; of all, source or aid the most entries or bytes (repeatable)',
      )
        .argParser(escrowFlag)
        .default([], 'none'),
    )
    .option('--cloned', 'keep first-seen numbers and dates of replayed messages (to restore an export)')

function escrowFlag(value: string, before: readonly EscrowFlag[]): EscrowFlag[] {
  const [, kind = '', name, number] = /^([a-z-]+)\.([a-z]+)=(\d{1,15})$/.exec(value) ?? []
  const isKind = escrowKinds.some((known) => known.name === kind)
  const fields = isKind ? { ...kindFields, retry: true } : (sharedCaps[kind] ?? {})
  const field = Object.keys(fields).find((known): known is EscrowField => known === name)
  if (field === undefined || (field === 'retry' && Number(number) === 0))
    throw new InvalidArgumentError(
      'write KIND.LIMIT=N, as in out-of-order.timeout=600: of each escrow timeout, retry, entries and bytes, ' +
        'and all.entries, all.bytes, source.entries, source.bytes, aid.entries, place.entries',
    )
  return [...before, { kind, field, value: Number(number) }]
}

/** The limits of escrows for the engine. */
function ruleLimits({ escrow = [] }: RuleFlags): RuleLimits {
  const shared: Record<string, number> = {}
  const kinds: Record<string, KindLimits> = {}
  for (const { kind, field, value } of escrow) {
    const cap = sharedCaps[kind]?.[field]
    const ofKind = kindFields[field]
    if (cap) shared[cap] = value
    else if (ofKind) kinds[kind] = { ...kinds[kind], [ofKind]: value }
  }
  return { ...shared, kinds }
}

/** After how many milliseconds the entries of a kind are tried again; kinds without an interval only when woken. */
export const retryIntervals = ({ escrow = [] }: RuleFlags): ReadonlyMap<string, number> =>
  new Map(escrow.filter(({ field }) => field === 'retry').map(({ kind, value }) => [kind, value * 1000]))

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
  tableCacheBytes: limits.engineTableBytes,
  threads: 0,
  limits: ruleLimits(flags),
})
