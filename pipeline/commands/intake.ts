import type { Command } from 'commander'

import { tool } from '../../native/tools.ts'
import { requireAddon } from '../addon.ts'
import { engineFor } from '../engine.ts'
import { Tally } from '../../operators/meter.ts'
import type { Sink } from '../../operators/publish.ts'
import { limits } from '../limits.ts'
import { Pace } from '../pace.ts'
import { Progress } from '../progress.ts'
import { run, type Run } from '../run.ts'
import { acceptedSink } from '../sinks/accepted.ts'
import { Output } from '../sinks/output.ts'
import { verdictSink } from '../sinks/verdicts.ts'
import { annotatedSource } from '../sources/annotated.ts'
import { sourcesOf } from '../sources/index.ts'
import type { Source } from '../sources/source.ts'
import { openStore } from '../store/lmdb.ts'
import { MemoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { exitCodeOf, exitCodes, summaryOf, summaryText } from '../summary.ts'
import { logged, toldToItsEnd } from '../telemetry/logged.ts'
import { traced } from '../telemetry/traced.ts'
import type { Watching } from '../telemetry/watched.ts'
import { say } from '../terminal.ts'
import { version } from '../version.ts'
import { metricsOption, runWatched, type MetricsFlag } from './metrics.ts'
import { logOf, logOption, type LogFlag } from './log.ts'
import { engineOptions, retryIntervals, storeOption, withRules, type RuleFlags } from './options.ts'
import { onSignals } from './signals.ts'

interface IntakeFlags extends RuleFlags, LogFlag {
  readonly json?: true
  readonly verdicts?: string
  readonly accepted?: string
  readonly quiet?: true
  readonly annotated?: true
}

interface IngestFlags extends IntakeFlags {
  readonly store: string
  readonly commit: 'group' | 'each'
  readonly metrics?: MetricsFlag
}

const sourceHelp =
  'a file (.gz and .zst too), a folder, - (standard input), tcp://HOST:PORT or unix:PATH to listen on'

/** `ingest`: verify streams and keep what they prove. */
export const ingestCommand = (program: Command): Command =>
  withOutput(
    withRules(
      program
        .command('ingest')
        .argument('<src...>', sourceHelp)
        .addOption(storeOption())
        .option('--commit <how>', 'group: many events a transaction; each: one', 'group')
        .addOption(metricsOption()),
    ),
  )
    .description('Verify CESR event streams and keep the key state that they prove in a database.')
    .action(async (sources: string[], flags: IngestFlags) => {
      const pace = new Pace(limits)
      const { metrics, store: directory, commit } = flags
      const open = async (): Promise<Opened> => {
        const store = await openStore(directory, {
          timed: (step) => pace.timed(step),
          group: commit === 'group',
        })
        if (!metrics) return { store, run }
        const disk = { directory, stats: () => store.stats() }
        return { store, run: async (options, native) => runWatched(options, { ...native, ...disk }, metrics) }
      }
      await intake(sources, flags, { pace, commit, open })
    })

/** `verify`: the same without a database. */
export const verifyCommand = (program: Command): Command =>
  withOutput(withRules(program.command('verify').argument('<src...>', sourceHelp)))
    .description('Verify CESR event streams in bounded memory and keep nothing.')
    .action(async (sources: string[], flags: IntakeFlags) => {
      const pace = new Pace(limits)
      const open = async (): Promise<Opened> => ({
        store: new MemoryStore(limits.memoryStoreBytes, (step) => pace.timed(step)),
        run,
      })
      await intake(sources, flags, { pace, commit: 'group', open })
    })

const readAs = (source: Source, flags: IntakeFlags): Source =>
  flags.annotated ? annotatedSource(source, () => tool('deannotate', engineOptions(flags))) : source

const withOutput = (command: Command): Command =>
  command
    .option('--json', 'print the summary as a JSON object on standard output')
    .option(
      '--verdicts <file>',
      'write one JSON object a line for each verdict and fault (- for standard output)',
    )
    .option(
      '--accepted <file>',
      'write the accepted events as CESR, byte for byte as received (- for standard output)',
    )
    .option('--annotated', 'the sources are annotated text, as "kelpipe annotate" writes it')
    .option('--quiet', 'no progress bar, no notes, no summary in words')
    .addOption(logOption())

interface Intake {
  readonly pace: Pace
  readonly commit: 'group' | 'each'
  readonly open: () => Promise<Opened>
}

/** A store, and how a run over it is carried out. */
interface Opened {
  readonly store: Store
  readonly run: (options: Run, native: Pick<Watching, 'addon' | 'engine'>) => Promise<void>
}

async function intake(
  names: readonly string[],
  flags: IntakeFlags,
  { pace, commit, open }: Intake,
): Promise<void> {
  const sources = names.flatMap(sourcesOf).map((source) => readAs(source, flags))
  const addon = requireAddon()
  const { store, run: carryOut } = await open()
  const tally = new Tally()
  const start = performance.now()
  const outputs = outputsOf(flags)
  const progress = progressOf(sources, tally, flags)
  const stopped = new AbortController()
  const forget = onSignals(() => stopped.abort())
  const log = logOf(flags)
  try {
    const engine = await engineFor(addon, engineOptions(flags), store)
    const framer = (): ReturnType<typeof addon.framer> => addon.framer(engineOptions(flags))
    const note = (text: string): void => {
      progress?.clear()
      if (!flags.quiet) say(text)
    }
    const sinks = outputs.map(({ sink }) => sink)
    const options: Run = {
      sources,
      store,
      engine,
      record: (table, key, value) => addon.record(table, key, value),
      retryMs: retryIntervals(flags),
      framer,
      sinks,
      tally,
      commit,
      limits,
      pace,
      signal: stopped.signal,
      note,
    }
    await toldToItsEnd(log, { version: version(), sources: names }, async () => {
      await carryOut(traced(logged(options, log)), { addon, engine })
      for (const { output } of outputs) await output.close()
    })
  } finally {
    forget()
    progress?.stop()
    await store.close()
  }
  report(tally, flags, (performance.now() - start) / 1000)
  process.exitCode = stopped.signal.aborted ? exitCodes.interrupted : exitCodeOf(tally)
}

function outputsOf(flags: IntakeFlags): { output: Output; sink: Sink }[] {
  const outputs: { output: Output; sink: Sink }[] = []
  const add = (path: string | undefined, sinkOf: (output: Output) => Sink): void => {
    if (path === undefined) return
    const output = new Output(path, limits.sinkBufferBytes)
    outputs.push({ output, sink: sinkOf(output) })
  }
  add(flags.verdicts, verdictSink)
  add(flags.accepted, acceptedSink)
  return outputs
}

function progressOf(sources: readonly Source[], tally: Tally, flags: IntakeFlags): Progress | undefined {
  if (flags.quiet || !process.stderr.isTTY) return undefined
  const totals = sources.map(({ bytesTotal }) => bytesTotal)
  const bytesTotal = totals.every((total) => total !== undefined)
    ? totals.reduce((a, b) => a + b, 0)
    : undefined
  return new Progress({ stream: process.stderr, tally, bytesTotal, everyMs: limits.progressMs })
}

/** The summary goes where no data goes: to standard output unless a sink has that. */
function report(tally: Tally, flags: IntakeFlags, seconds: number): void {
  const summary = summaryOf(tally, seconds)
  if (flags.json) process.stdout.write(`${JSON.stringify(summary)}\n`)
  else if (flags.quiet) return
  else if (flags.verdicts === '-' || flags.accepted === '-') say(summaryText(summary))
  else process.stdout.write(`${summaryText(summary)}\n`)
}
