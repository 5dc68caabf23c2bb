import { InvalidArgumentError, Option, type Command } from 'commander'

import { generate, shapeNames, wireNames, type GeneratorPlan, type Piece } from '../../native/generator.ts'
import { requireAddon } from '../addon.ts'
import { reasonOf, systemCode } from '../errors.ts'
import { limits } from '../limits.ts'
import { Output } from '../sinks/output.ts'
import { say } from '../terminal.ts'
import { whole } from './selection.ts'

interface GenFlags {
  readonly seed: number
  readonly aids: number
  readonly events: number
  readonly shapes: readonly string[]
  readonly wire: readonly string[]
  readonly group: 'some' | 'all' | 'none'
  readonly keys: Share
  readonly witnesses: Share
  readonly delegates: number
  readonly interleave: number
  readonly shuffle: number
  readonly drop: number
  readonly duplicate: number
  readonly corrupt: number
  readonly out: string
  readonly truth?: string
  readonly quiet?: true
}

/** So many of so many. */
interface Share {
  readonly enough: number
  readonly of: number
}

const help = `
Shapes: ${shapeNames.slice(0, 7).join(', ')},
        ${shapeNames.slice(7).join(', ')}, or all.
Wires:  v1-json, v1-cbor, v1-mgpk, v2-json, v2-cbor, v2-mgpk, v2-native, each also with -binary at its end;
        v1, v2 or all for several.

The truth has one JSON object a line: what each AID's key state must be, what must wait, what must be refused, and
what is evidence of duplicity. docs/gen.md explains it. Keys never leave the native code.

Examples:
  kelpipe gen --aids 1000 --events 20 > plain.cesr
  kelpipe gen --shapes all --truth truth.ndjson --out all.cesr
  kelpipe gen --aids 100000 --interleave 100000 --shapes single,witnessed | kelpipe ingest -
  kelpipe gen --shapes recovered,duplicitous --shuffle 50 --drop 0.01 --corrupt 0.02 --seed 7 > trouble.cesr`

/** `gen`: signed streams for load and tests, and the truth about them. */
export const genCommand = (program: Command): Command =>
  program
    .command('gen')
    .option('--seed <n>', 'the same seed and options make the same bytes', whole, 1)
    .option('--aids <n>', 'AIDs', whole, 100)
    .option('--events <n>', 'events of each AID', whole, 20)
    .addOption(list('--shapes <list>', 'what the AIDs do, drawn with equal chances', shapesOf, ['single']))
    .addOption(list('--wire <list>', 'how messages are written, drawn for each AID', wiresOf, ['v1-json']))
    .addOption(
      new Option('--group <which>', 'AIDs whose attachments stand in one group around them all')
        .choices(['some', 'all', 'none'])
        .default('some'),
    )
    .addOption(share('--keys <m/n>', 'multisig: m of n keys are enough', { enough: 3, of: 5 }))
    .addOption(share('--witnesses <m/n>', 'witnessed: m of n witnesses must sign', { enough: 2, of: 3 }))
    .option('--delegates <n>', 'delegated: delegates in the tree under one root', whole, 3)
    .option('--interleave <n>', 'AIDs whose events take turns; 1 makes whole logs', whole, 1)
    .option('--shuffle <n>', 'messages among which the next one is drawn', whole, 1)
    .option('--drop <rate>', 'share of messages left out, 0 to 1', rate, 0)
    .option('--duplicate <rate>', 'share of messages sent twice', rate, 0)
    .option('--corrupt <rate>', 'share of messages changed, or with garbage before them', rate, 0)
    .option('--out <file>', 'where the stream goes (- for standard output)', '-')
    .option('--truth <file>', 'where the truth goes, as NDJSON (- for standard output)')
    .option('--quiet', 'no summary in words')
    .description('Make signed KERI event streams, deterministic by seed, and the truth about them.')
    .addHelpText('after', help)
    .action(gen)

async function gen(flags: GenFlags, command: Command): Promise<void> {
  if (flags.truth === flags.out) command.error('error: --out and --truth must differ')
  requireAddon()
  const pieces = made(flags, command)
  const stream = new Output(flags.out, limits.sinkBufferBytes)
  const truth = flags.truth === undefined ? undefined : new Output(flags.truth, limits.sinkBufferBytes)
  const start = performance.now()
  let messages = 0
  let bytes = 0
  for await (const piece of pieces) {
    messages += piece.ends.length
    bytes += piece.stream.length
    await stream.write(piece.stream)
    await truth?.write(piece.truth)
  }
  await stream.close()
  await truth?.close()
  const seconds = (performance.now() - start) / 1000
  if (!flags.quiet) say(summary(messages, bytes, seconds))
}

/** A plan that cannot be carried out is a mistake of whoever gave the options. */
function made(flags: GenFlags, command: Command): AsyncGenerator<Piece, void, void> {
  try {
    return generate(planOf(flags), limits.generatedPieceBytes)
  } catch (error) {
    if (systemCode(error) === 'native/argument') command.error(`error: ${reasonOf(error)}`)
    throw error
  }
}

const summary = (messages: number, bytes: number, seconds: number): string => {
  const rounded = Math.round(messages / Math.max(seconds, 0.001))
  return `${messages.toLocaleString('en-US')} messages, ${bytes.toLocaleString('en-US')} bytes in ${seconds.toFixed(2)} s (${rounded.toLocaleString('en-US')} messages/s)`
}

const planOf = (flags: GenFlags): GeneratorPlan => ({
  seed: flags.seed,
  aids: flags.aids,
  events: flags.events,
  shapes: flags.shapes,
  wires: flags.wire,
  ...(flags.group !== 'some' && { grouped: flags.group === 'all' }),
  keys: flags.keys.of,
  enough: flags.keys.enough,
  witnesses: flags.witnesses.of,
  toad: flags.witnesses.enough,
  delegates: flags.delegates,
  interleave: flags.interleave,
  shuffle: flags.shuffle,
  drop: flags.drop,
  duplicate: flags.duplicate,
  corrupt: flags.corrupt,
})

const list = (
  flags: string,
  text: string,
  parse: (value: string) => readonly string[],
  standard: readonly string[],
): Option => new Option(flags, text).argParser(parse).default(standard, standard.join(','))

const share = (flags: string, text: string, standard: Share): Option =>
  new Option(flags, text).argParser(shareOf).default(standard, `${standard.enough}/${standard.of}`)

/** In millionths. */
function rate(value: string): number {
  const number = Number(value)
  if (value.trim() === '' || !(number >= 0 && number <= 1))
    throw new InvalidArgumentError('a share from 0 to 1 is expected, as in 0.01')
  return Math.round(number * 1e6)
}

function shareOf(value: string): Share {
  const [, enough, of] = /^(\d{1,3})\/(\d{1,3})$/.exec(value) ?? []
  const found = { enough: Number(enough), of: Number(of) }
  if (!(found.enough >= 1 && found.enough <= found.of))
    throw new InvalidArgumentError('write how many of how many, as in 2/3')
  return found
}

const shapesOf = (value: string): readonly string[] =>
  value === 'all' ? shapeNames : known(value, (name) => shapeNames.filter((shape) => shape === name))

const wiresOf = (value: string): readonly string[] =>
  value === 'all' ? wireNames : known(value, (name) => wireNames.filter((wire) => isWire(wire, name)))

const isWire = (wire: string, name: string): boolean =>
  wire === name || (/^v[12]$/.test(name) && wire.startsWith(`${name}-`))

function known(value: string, of: (name: string) => readonly string[]): readonly string[] {
  return value.split(',').flatMap((name) => {
    const found = of(name.trim())
    if (found.length === 0) throw new InvalidArgumentError(`there is no ${name.trim()}`)
    return found
  })
}
