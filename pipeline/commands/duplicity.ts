import type { Command } from 'commander'

import { requireAddon } from '../addon.ts'
import { PipelineError } from '../errors.ts'
import { evidenceOf, exported, messagesOf, type Evidence, type Variant } from '../escrow/duplicity.ts'
import type { EntryQuery } from '../escrow/entry.ts'
import type { EscrowReader } from '../escrow/list.ts'
import { limits } from '../limits.ts'
import { Output } from '../sinks/output.ts'
import { openReader } from '../store/lmdb.ts'
import { storeOption } from './options.ts'
import { primitiveOrPlace } from './selection.ts'
import { sinceText } from '../words.ts'

interface Flags {
  readonly store: string
  readonly json?: true
  readonly out?: string
}

type Query = Pick<EntryQuery, 'aid' | 'sn' | 'said'>

const which = 'an AID, a place as in EKYL…@3, or the SAID of the other event'

/** `duplicity`: evidence, kept for ever, and made fit to be judged elsewhere. */
export function duplicityCommand(program: Command): Command {
  const duplicity = program
    .command('duplicity')
    .description('Evidence of duplicity: two events of one AID for one place, with all that signs them.')
  const command = (name: string): Command => duplicity.command(name).addOption(storeOption()).exitOverride()
  command('ls')
    .argument('[which]', which, primitiveOrPlace)
    .option('--json', 'one JSON object a line')
    .description('List evidence: the event that was seen first, the other one, and how far that is signed.')
    .action(async (of: string | undefined, flags: Flags) => list(of, flags, false))
  command('show')
    .argument('<which>', which, primitiveOrPlace)
    .option('--json', 'one JSON object a line')
    .description('Show evidence with both messages.')
    .action(async (of: string, flags: Flags) => list(of, flags, true))
  command('export')
    .argument('[which]', `${which}; without it all evidence`, primitiveOrPlace)
    .option('--out <file>', 'where to write (- for standard output)', '-')
    .description('Write evidence as one CESR stream that "kelpipe verify" judges without this database.')
    .action(write)
  return duplicity
}

/** The query that an argument stands for, tried in turn: a place, an AID, a SAID. */
function queriesOf(of: string | undefined): Query[] {
  if (of === undefined) return [{}]
  const [, aid, sn] = /^(.+)@(\d{1,39})$/.exec(of) ?? []
  if (aid !== undefined && sn !== undefined) return [{ aid, sn: BigInt(sn) }]
  return [{ aid: of }, { said: of }]
}

/** Runs over the first query that finds something. */
async function reading(
  of: string | undefined,
  { store: directory, out = '-' }: Flags,
  pieces: (reader: EscrowReader, query: Query) => AsyncIterable<Uint8Array | string>,
): Promise<void> {
  const addon = requireAddon()
  const store = await openReader(directory)
  try {
    const output = new Output(out, limits.sinkBufferBytes)
    let found = false
    for (const query of queriesOf(of)) {
      for await (const piece of pieces({ addon, store, pageRecords: limits.scanPageRecords }, query)) {
        found = true
        await output.write(piece)
      }
      if (found) break
    }
    await output.close()
    if (!found && of !== undefined) throw unknown(of, directory)
  } finally {
    await store.close()
  }
}

const list = async (of: string | undefined, flags: Flags, withMessages: boolean): Promise<void> =>
  reading(of, flags, async function* (reader, query) {
    for await (const found of evidenceOf(reader, query)) {
      const messages = withMessages ? messagesOf(reader, found) : undefined
      if (flags.json) yield `${JSON.stringify({ ...found.evidence, ...(messages && { messages }) })}\n`
      else yield `${inWords(found.evidence)}\n`
      if (messages && !flags.json) yield `\n${messages.accepted}\n\n${messages.other}\n\n`
    }
  })

const write = async (of: string | undefined, flags: Flags): Promise<void> =>
  reading(of, flags, (reader, query) => exported(reader, query, limits.delegatorsMax))

function inWords({ aid, sn, class: strength, accepted, other }: Evidence): string {
  const line = ({ said, since, sourceName }: Variant): string =>
    `${said}, since ${sinceText(since)}, from ${sourceName}`
  const lacks = [
    ...(other.signed ? [] : ['signatures']),
    ...(other.committed ? [] : ['signatures by the committed keys']),
    ...(other.witnessed ? [] : ['witness receipts']),
    ...(other.anchored ? [] : ["its delegator's seal"]),
  ]
  const weak = lacks.length > 0 ? ` (lacks ${lacks.join(' and ')})` : ''
  return `${aid}  sn ${BigInt(`0x${sn}`)}  ${strength}\n  holds: ${line(accepted)}\n  other: ${line(other)}${weak}`
}

const unknown = (of: string, directory: string): PipelineError =>
  new PipelineError('config/unknown-entry', {
    what: `the database ${directory} has no evidence of duplicity about ${of}`,
    next: 'list all evidence with "kelpipe duplicity ls"',
  })
