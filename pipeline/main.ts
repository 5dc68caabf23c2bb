#!/usr/bin/env node
import { Command, CommanderError } from 'commander'

import { annotateCommand } from './commands/annotate.ts'
import { configCommand } from './commands/config.ts'
import { convertCommand } from './commands/convert.ts'
import { dbCommand } from './commands/db.ts'
import { dlqCommand } from './commands/dlq.ts'
import { doctorCommand } from './commands/doctor.ts'
import { duplicityCommand } from './commands/duplicity.ts'
import { escrowCommand } from './commands/escrow.ts'
import { exportCommand } from './commands/export.ts'
import { genCommand } from './commands/gen.ts'
import { ingestCommand, verifyCommand } from './commands/intake.ts'
import { runCommand } from './commands/run.ts'
import { serveCommand } from './commands/serve.ts'
import { simCommand } from './commands/sim.ts'
import { splitCommand } from './commands/split.ts'
import { stateCommand } from './commands/state.ts'
import { whyCommand } from './commands/why.ts'
import { PipelineError, reasonOf, systemCode, type Stage } from './errors.ts'
import { exitCodes } from './summary.ts'
import { say } from './terminal.ts'
import { version } from './version.ts'

const examples = `
Examples:
  kelpipe ingest examples                     take in all streams of a folder
  kelpipe ingest tcp://127.0.0.1:5621         listen for streams
  kelpipe run -c kelpipe.yaml                 one worker of a fleet on Kafka
  kelpipe serve                               answer over HTTP, and take streams in
  curl -s URL | kelpipe verify --verdicts - - one verdict a line, nothing kept
  kelpipe state AID                           the key state that the events prove
  kelpipe export AID > kel.cesr               the events, to give to somebody else
  kelpipe escrow ls --aid AID                 what waits, and for what
  kelpipe why SAID                            what it waits for, and who could supply it
  kelpipe duplicity export > evidence.cesr    evidence that anybody can verify
  kelpipe annotate kel.cesr                   what stands in a stream, line by line

Exit: 0 all accepted, 3 something was refused, 4 something still waits or was cut off, 5 duplicity was seen
      (of these the first that applies of 5, 3, 4, 0); 1 internal, 2 usage, 6 source or sink unreachable,
      78 configuration, 130 interrupted.`

/** The program with all its commands. */
function program(): Command {
  const kelpipe = new Command('kelpipe')
    .description('Verify CESR event streams and keep the key state that they prove (KERI).')
    .version(version())
    .addHelpText('after', examples)
    .showHelpAfterError('(--help shows what is allowed)')
    .exitOverride()
  const commands = [
    ingestCommand,
    verifyCommand,
    serveCommand,
    runCommand,
    configCommand,
    dlqCommand,
    stateCommand,
    exportCommand,
    escrowCommand,
    whyCommand,
    duplicityCommand,
    dbCommand,
    doctorCommand,
    annotateCommand,
    convertCommand,
    splitCommand,
    genCommand,
    simCommand,
  ]
  for (const add of commands) add(kelpipe).exitOverride()
  return kelpipe
}

/** The exit codes of errors, by the stage that failed. */
const exitCodeOfStage: Readonly<Record<Stage, number>> = {
  config: exitCodes.usage,
  native: exitCodes.internal,
  sink: exitCodes.unreachable,
  source: exitCodes.unreachable,
  store: exitCodes.internal,
}

/** Errors of the configuration file, which programs tell from those of the command line. */
const configurationErrors: ReadonlySet<string> = new Set(['config/file', 'config/invalid', 'config/topics'])

const exitCodeOf = ({ code, stage }: PipelineError): number =>
  configurationErrors.has(code) ? exitCodes.config : exitCodeOfStage[stage]

/** Says what, where, why and what next. The stack is for those who ask for it. */
function explain(error: unknown): void {
  const code = error instanceof PipelineError ? error.code : nativeCode(error)
  say(`error ${code ?? 'internal'}: ${reasonOf(error)}`)
  if (error instanceof PipelineError && error.next) say(`  next: ${error.next}`)
  if (code) say('  see docs/errors.md')
  else if (error instanceof Error) say(error.stack ?? '')
}

/** The code of an error that comes from the addon itself. */
function nativeCode(error: unknown): string | undefined {
  const code = systemCode(error)
  return code?.startsWith('native/') ? code : undefined
}

// What lmdb prints of a transaction that failed is in the error that follows.
const printed = console.error
console.error = (...what: unknown[]): void => {
  const [first] = what
  if (!(first instanceof Error && 'code' in first && typeof first.code === 'number')) printed(...what)
}

// A reader that has seen enough (`kelpipe state | head`) is no error.
process.stdout.on('error', (error) => {
  if (systemCode(error) === 'EPIPE') process.exit()
  throw error
})
try {
  await program().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage
  else {
    explain(error)
    process.exitCode = error instanceof PipelineError ? exitCodeOf(error) : exitCodes.internal
  }
}
