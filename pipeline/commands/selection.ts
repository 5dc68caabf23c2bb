import { InvalidArgumentError, Option, type Command } from 'commander'

import { awaitsNames, escrowKinds } from '../../native/layout.ts'
import type { EntryQuery } from '../escrow/entry.ts'

/** The options that say which waiting entries are meant. */
export interface SelectionFlags {
  readonly kind?: string
  readonly aid?: string
  readonly sn?: bigint
  readonly awaits?: string
  readonly source?: number
  readonly older?: number
  readonly younger?: number
}

export const withSelection = (command: Command): Command =>
  command
    .addOption(new Option('--kind <kind>', 'the escrow').choices(escrowKinds.map(({ name }) => name)))
    .option('--aid <aid>', 'the AID that it is about')
    .addOption(new Option('--sn <n>', 'the sequence number, with --aid').argParser(wholeBig))
    .addOption(new Option('--awaits <what>', 'what it waits for').choices([...awaitsNames]))
    .addOption(new Option('--source <n>', 'the number of the source that brought it').argParser(whole))
    .addOption(new Option('--older <seconds>', 'waits for longer').argParser(whole))
    .addOption(new Option('--younger <seconds>', 'does not wait as long').argParser(whole))

/** What the options mean, for one SAID if there is one. */
export const queryOf = (flags: SelectionFlags, said?: string): EntryQuery => ({
  kind: flags.kind,
  aid: flags.aid,
  sn: flags.sn,
  awaits: flags.awaits,
  source: flags.source,
  olderSeconds: flags.older,
  youngerSeconds: flags.younger,
  said,
})

/** Whether nothing is said that would leave anything out. */
export const meansAll = (query: EntryQuery): boolean =>
  Object.values(query).every((value) => value === undefined)

export function whole(value: string): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number))
    throw new InvalidArgumentError('write a whole number')
  return number
}

export function wholeBig(value: string): bigint {
  if (!/^\d{1,39}$/.test(value)) throw new InvalidArgumentError('write a whole number')
  return BigInt(value)
}
