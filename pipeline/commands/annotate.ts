import type { Command } from 'commander'

import { printable } from '../errors.ts'
import { limits } from '../limits.ts'
import { Output } from '../sinks/output.ts'
import type { Source } from '../sources/source.ts'
import { exitCodes } from '../summary.ts'
import { withTables, type TableFlags } from './options.ts'
import { overStreams, streamHelp, streamsOf, toolOptions } from './streams.ts'

interface Flags extends TableFlags {
  readonly json?: true
}

const help = `
Each line is a counter, a primitive, a body, or bytes that are no message: first it, indented by the groups around
it, after a ~ the Base64 of what is not text; then its code, name, size, place and meaning. The lines can be read
back: "kelpipe verify --annotated".`

/** `annotate`: a stream as readable lines. */
export const annotateCommand = (program: Command): Command =>
  withTables(program.command('annotate').argument('<src...>', streamHelp))
    .option('--json', 'one JSON object a line')
    .description('Show CESR streams, one readable line a primitive.')
    .addHelpText('after', help)
    .action(annotate)

async function annotate(names: readonly string[], flags: Flags): Promise<void> {
  const sources = streamsOf(names)
  const output = new Output('-', limits.sinkBufferBytes)
  let [faults, named]: [number, Source | undefined] = [0, undefined]
  const { whole } = await overStreams(sources, flags.json ? 'annotate-json' : 'annotate', {
    options: toolOptions(flags),
    use: async (made, source) => {
      faults += made.faults
      if (sources.length > 1 && named !== source) await output.write(headOf(source, flags))
      named = source
      await output.write(made.bytes)
    },
  })
  await output.close()
  if (whole) process.exitCode = faults > 0 ? exitCodes.rejected : exitCodes.accepted
}

/** Says which of several sources the lines behind are of. */
const headOf = ({ name }: Source, { json }: Flags): string =>
  json ? `${JSON.stringify({ type: 'source', source: name })}\n` : `# ${printable(name)}\n`
