import { rm, rename } from 'node:fs/promises'

import { Option, type Command } from 'commander'

import { limits } from '../limits.ts'
import { Output } from '../sinks/output.ts'
import { withTables, type TableFlags } from './options.ts'
import { overStreams, sayRefused, streamHelp, streamOf, toolOptions } from './streams.ts'

interface Flags extends TableFlags {
  readonly to: 'binary' | 'text'
  readonly out: string
}

const help = `
Counters, primitives and native bodies are converted; JSON, CBOR and MessagePack bodies stay as they are. What is
made is read again before it counts: it must hold the same messages. A stream with anything in it that is no
message is refused, and no file is left; "kelpipe annotate" shows where.`

/** `convert`: a stream in the other domain. */
export const convertCommand = (program: Command): Command =>
  withTables(program.command('convert').argument('<src>', streamHelp))
    .addOption(
      new Option('--to <domain>', 'the domain of what is made')
        .choices(['text', 'binary'])
        .makeOptionMandatory(),
    )
    .option('-o, --out <file>', 'where to write (- for standard output)', '-')
    .description('Convert a CESR stream between the text and the binary domain, without loss.')
    .addHelpText('after', help)
    .action(convert)

async function convert(name: string, flags: Flags): Promise<void> {
  const source = streamOf(name)
  const part = flags.out === '-' ? '-' : `${flags.out}.part`
  const output = new Output(part, limits.sinkBufferBytes)
  let converted = false
  try {
    const { whole, problem } = await overStreams([source], `to-${flags.to}`, {
      options: toolOptions(flags),
      use: async ({ bytes }) => output.write(bytes),
    })
    await output.close()
    converted = whole
    if (problem !== undefined) sayRefused(source.name, problem)
  } finally {
    if (part !== '-') await (converted ? rename(part, flags.out) : rm(part, { force: true }))
  }
}
