import { Option, type Command } from 'commander'

import { limits } from '../limits.ts'
import { FolderOutput } from '../sinks/folder.ts'
import { exitCodes } from '../summary.ts'
import { say } from '../terminal.ts'
import { withTables, type TableFlags } from './options.ts'
import { overStreams, sayRefused, streamHelp, streamOf, toolOptions } from './streams.ts'

interface Flags extends TableFlags {
  readonly by: 'aid' | 'message'
  readonly out: string
  readonly quiet?: true
}

const help = `
By AID: AID.cesr holds the messages whose field i is that AID, in order; no-aid.cesr those without such a field.
By message: 000000001.cesr, 000000002.cesr and so on. A message that is read by other code tables than the stream
that it goes to comes after a genus code. Bytes that are no message are left out, and counted.`

/** `split`: the messages of a stream, each by itself or together by AID. */
export const splitCommand = (program: Command): Command =>
  withTables(program.command('split').argument('<src>', streamHelp))
    .addOption(
      new Option('--by <what>', 'one file for each').choices(['aid', 'message']).makeOptionMandatory(),
    )
    .requiredOption('-o, --out <dir>', 'the folder to write to, new or empty')
    .option('--quiet', 'no summary in words')
    .description('Split a CESR stream into one file for each AID or each message.')
    .addHelpText('after', help)
    .action(split)

async function split(name: string, flags: Flags): Promise<void> {
  const source = streamOf(name)
  const folder = await FolderOutput.open(flags.out, limits)
  let [messages, faults] = [0, 0]
  const { whole, problem } = await overStreams([source], `split-${flags.by}`, {
    options: toolOptions(flags),
    use: async (made) => {
      faults += made.faults
      for (const { aid, bytes, first } of made.pieces) {
        messages += 1
        const file = flags.by === 'aid' ? (aid ?? 'no-aid') : `${messages}`.padStart(9, '0')
        await folder.write(`${file}.cesr`, bytes, first)
      }
    },
  })
  await folder.flush()
  if (problem !== undefined) sayRefused(source.name, problem)
  if (whole) process.exitCode = faults > 0 ? exitCodes.rejected : exitCodes.accepted
  if (!flags.quiet) say(summary(messages, folder.files, faults))
}

const summary = (messages: number, files: number, faults: number): string => {
  const lost = faults > 0 ? `; ${faults} stretches of bytes that are no message left out` : ''
  return `${messages.toLocaleString('en-US')} messages in ${files.toLocaleString('en-US')} files${lost}`
}
