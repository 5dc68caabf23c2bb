import { hostname, userInfo } from 'node:os'

import { Option, type Command } from 'commander'

import { requireAddon } from '../addon.ts'
import { PipelineError } from '../errors.ts'
import type { Entry } from '../escrow/entry.ts'
import { entries, show, stats, type EscrowReader, type Share, type Stats } from '../escrow/list.ts'
import { audit, remove, retry, type Audited, type Changed, type EscrowManager } from '../escrow/manage.ts'
import { limits } from '../limits.ts'
import { Output } from '../sinks/output.ts'
import { openReader } from '../store/lmdb.ts'
import { storeOption, withRules, type RuleFlags } from './options.ts'
import {
  cursor,
  meansAll,
  primitive,
  primitives,
  queryOf,
  whole,
  withSelection,
  type SelectionFlags,
} from './selection.ts'
import { ageText, columns, counted, sinceText } from '../words.ts'
import { withManager } from './writing.ts'

interface ReadFlags {
  readonly store: string
  readonly json?: true
}

interface ListFlags extends ReadFlags, SelectionFlags {
  readonly limit?: number
  readonly after?: string
}

interface ChangeFlags extends ReadFlags, SelectionFlags, RuleFlags {
  readonly all?: true
  readonly silent?: true
}

/** `escrow`: what waits, and what can be done about it. */
export function escrowCommand(program: Command): Command {
  const escrow = program
    .command('escrow')
    .description('List what waits in escrow, look at it, try it again, take it out.')
  const command = (name: string): Command =>
    escrow.command(name).addOption(storeOption()).option('--json', 'one JSON object a line').exitOverride()
  withSelection(command('ls'))
    .option('--limit <n>', 'at most so many', whole)
    .addOption(
      new Option('--after <cursor>', 'go on behind this entry (the cursor of --json)').argParser(cursor),
    )
    .description('List entries by AID and sequence number: what it is, what it waits for, since when.')
    .action(list)
  command('show')
    .argument('<said>', 'of the event or query, or of the event that receipts are for', primitive)
    .description('Show an entry with its message, a line for each primitive.')
    .action(showAll)
  withChange(command('retry'))
    .description('Look at entries again: one, a kind, all.')
    .action(async (saids: string[], flags: ChangeFlags) => changed(saids, flags, retry))
  withChange(command('rm'))
    .option('--silent', 'keep no record of it')
    .description('Take entries out. Evidence of duplicity stays unless --kind names it.')
    .action(async (saids: string[], flags: ChangeFlags) => {
      const removal = { by: `${userInfo().username}@${hostname()}`, silent: flags.silent ?? false }
      await changed(saids, flags, async (manager, query) => remove(manager, query, removal))
    })
  command('stats').description('Count what waits, by kind, by what it waits for, by source.').action(count)
  command('audit').description('List what was taken out by hand, when and by whom.').action(listAudit)
  return escrow
}

const withChange = (command: Command): Command =>
  withRules(
    withSelection(
      command.argument('[said...]', 'of the events or queries, or of the receipted events', primitives),
    ).option('--all', 'everything that waits'),
  )

/** Reads a database and writes a line for each thing found. */
async function reading(
  flags: ReadFlags,
  lines: (reader: EscrowReader) => AsyncIterable<string>,
): Promise<void> {
  const addon = requireAddon()
  const store = await openReader(flags.store)
  const output = new Output('-', limits.sinkBufferBytes)
  try {
    for await (const line of lines({ addon, store, pageRecords: limits.scanPageRecords }))
      await output.write(`${line}\n`)
    await output.close()
  } finally {
    await store.close()
  }
}

const list = async (flags: ListFlags): Promise<void> =>
  reading(flags, async function* (reader) {
    let left = flags.limit ?? Number.POSITIVE_INFINITY
    for await (const entry of entries(reader, queryOf(flags), flags.after)) {
      if (left <= 0) return
      left -= 1
      yield flags.json
        ? JSON.stringify({ ...entry, type: 'escrow-entry', entry: entry.type })
        : inWords(entry)
    }
  })

const inWords = ({ aid, sn, said, type, kinds, since, sourceName }: Entry): string => {
  const waits = kinds.map(({ kind, awaits }) => (awaits === 'nothing' ? kind : `${kind}: ${awaits}`))
  return `${aid}  sn ${BigInt(`0x${sn}`)}  ${type} ${said}  ${waits.join(', ')}  since ${sinceText(since)}  from ${sourceName}`
}

const showAll = async (said: string, flags: ReadFlags): Promise<void> =>
  reading(flags, async function* (reader) {
    let found = false
    for await (const entry of entries(reader, { said })) {
      const shown = show(reader, entry)
      if (!shown) continue
      found = true
      if (flags.json) yield JSON.stringify({ ...shown, type: 'escrow-entry', entry: shown.type })
      else yield `${inWords(shown)}\n${shown.annotated}`
    }
    if (!found) throw unknown(said, flags.store)
  })

const unknown = (said: string, directory: string): PipelineError =>
  new PipelineError('config/unknown-entry', {
    what: `nothing with the SAID ${said} waits in the database ${directory}`,
    next: `ask "kelpipe why ${said}" what became of it, or list with "kelpipe escrow ls"`,
  })

async function changed(
  saids: readonly string[],
  flags: ChangeFlags,
  change: (manager: EscrowManager, query: ReturnType<typeof queryOf>) => Promise<Changed>,
): Promise<void> {
  const queries = saids.length > 0 ? saids.map((said) => queryOf(flags, said)) : [queryOf(flags)]
  if (!flags.all && queries.some(meansAll))
    throw new PipelineError('config/selection', {
      what: 'it is not said which entries are meant',
      next: 'name SAIDs, choose with --kind, --aid, --awaits, --source, --older, or say --all',
    })
  const all = await withManager(flags, async (manager) => {
    const done: Changed[] = []
    for (const query of queries) done.push(await change(manager, query))
    return done
  })
  const total = all.reduce(sum)
  process.stdout.write(flags.json ? `${JSON.stringify(total)}\n` : changedText(total))
}

function sum(a: Changed, b: Changed): Changed {
  const became = { ...a.became }
  for (const [verdict, count] of Object.entries(b.became)) became[verdict] = (became[verdict] ?? 0) + count
  return { type: a.type, entries: a.entries + b.entries, became }
}

function changedText({ type, entries: count, became }: Changed): string {
  const what = type === 'escrow-retry' ? 'looked at again' : 'meant'
  const parts = Object.entries(became).map(([verdict, of]) => `${of} ${verdict}`)
  const outcome = parts.length > 0 ? parts.join(', ') : 'nothing changed'
  return `${entriesText(count)} ${what}: ${outcome}\n`
}

const entriesText = (count: number): string => counted(count, 'entry', 'entries')
const bytesText = (bytes: number): string => counted(bytes, 'byte', 'bytes')

const count = async (flags: ReadFlags): Promise<void> =>
  reading(flags, async function* (reader) {
    const found = await stats(reader)
    yield flags.json ? JSON.stringify(found) : statsText(found)
  })

function statsText({ entries: all, bytes, aids, kinds, awaits, sources }: Stats): string {
  const table = (title: string, shares: Readonly<Record<string, Share>>): string[] => {
    const rows = Object.entries(shares)
      .toSorted(([, a], [, b]) => b.entries - a.entries)
      .map(([name, share]) => [
        `  ${name}`,
        entriesText(share.entries),
        bytesText(share.bytes),
        `oldest ${ageText(share.oldest)}`,
      ])
    return rows.length > 0 ? [title, ...columns(rows)] : []
  }
  const who = counted(aids, 'AID', 'AIDs')
  return [
    `${entriesText(all)} of ${who} ${all === 1 ? 'waits' : 'wait'}, ${bytesText(bytes)}`,
    ...table('as', kinds),
    ...table('for', awaits),
    ...table('from', sources),
  ].join('\n')
}

const listAudit = async (flags: ReadFlags): Promise<void> =>
  reading(flags, async function* ({ store }) {
    for (const record of audit({ store })) yield flags.json ? JSON.stringify(record) : auditText(record)
  })

const auditText = ({ at, by, entries: removed }: Audited): string =>
  removed
    .map(
      ({ aid, sn, said, kinds }) =>
        `${at}  ${by}  ${aid}  sn ${BigInt(`0x${sn}`)}  ${said}  ${kinds.join(', ')}`,
    )
    .join('\n')
