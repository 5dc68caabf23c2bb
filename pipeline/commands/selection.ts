import { InvalidArgumentError, Option, type Command } from 'commander'

import { awaitsNames, escrowKinds } from '../../native/layout.ts'
import { sourceOf, type EntryQuery } from '../escrow/entry.ts'

/** The options that say which waiting entries are meant. */
export interface SelectionFlags {
  readonly kind?: string
  readonly aid?: string
  readonly sn?: bigint
  readonly awaits?: string
  readonly source?: number | string
  readonly older?: number
  readonly younger?: number
}

export const withSelection = (command: Command): Command =>
  command
    .addOption(new Option('--kind <kind>', 'the escrow').choices(escrowKinds.map(({ name }) => name)))
    .addOption(new Option('--aid <aid>', 'the AID that it is about').argParser(primitive))
    .addOption(new Option('--sn <n>', 'the sequence number, with --aid').argParser(wholeBig))
    .addOption(new Option('--awaits <what>', 'what it waits for').choices([...awaitsNames]))
    .addOption(
      new Option('--source <source>', 'the source that brought it, by name or number').argParser(sourceOf),
    )
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

/** An AID or a SAID: a key or a digest as text. */
const primitiveForm = /^[A-Za-z0-9_-]{44,88}$/
const placeForm = /^(.*)@\d{1,39}$/

/** Reads an AID or a SAID. */
export function primitive(value: string): string {
  if (!primitiveForm.test(value))
    throw new InvalidArgumentError('write an AID or a SAID: 44 to 88 letters, digits, - and _')
  return value
}

/** Reads several. */
export const primitives = (value: string, before: readonly string[] = []): string[] => [
  ...before,
  primitive(value),
]

/** Reads an AID, a SAID, or a place as in EKYL…@3. */
export function primitiveOrPlace(value: string): string {
  const [, aid = value] = placeForm.exec(value) ?? []
  primitive(aid)
  return value
}

/** Reads the cursor of an entry. */
export function cursor(value: string): string {
  if (!/^[A-Za-z0-9_-]{1,512}$/.test(value))
    throw new InvalidArgumentError('write the cursor of an entry, as --json tells it')
  return value
}

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
