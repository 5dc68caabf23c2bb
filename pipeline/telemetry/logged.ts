import type { Row, Verdict, VerdictBatch } from '../../native/batch.ts'
import { spanWords } from '../../native/engine.ts'
import { verdictNames } from '../../native/batch.ts'
import type { Frames, Part } from '../../operators/flow.ts'
import type { Sink } from '../../operators/publish.ts'
import { PipelineError, reasonOf } from '../errors.ts'
import { evidenceKind } from '../escrow/entry.ts'
import type { Log, LogLevel } from '../log.ts'
import type { Run } from '../run.ts'

type Told = Exclude<LogLevel, 'off'>

/** What is told of messages that came to a verdict at once, and of entries that waited before. */
const first: Readonly<Record<Verdict, readonly [Told, string]>> = {
  accepted: ['debug', 'accepted'],
  checked: ['debug', 'checked'],
  duplicate: ['trace', 'duplicate'],
  escrowed: ['info', 'escrowed'],
  evicted: ['warn', 'evicted'],
  expired: ['info', 'expired'],
  rejected: ['info', 'rejected'],
  removed: ['info', 'removed'],
}
const later: typeof first = {
  ...first,
  accepted: ['info', 'released'],
  duplicate: ['info', 'released'],
  escrowed: ['info', 'moved'],
}

/** The same run, whose transitions are told to a log; what fails is told by who carries it out. */
export function logged(run: Run, log: Log): Run {
  if (log.level === 'off') return run
  return {
    ...run,
    sinks: [...run.sinks, transitions(log)],
    note: (text) => {
      run.note(text)
      log.line('info', 'note', () => ({ text }))
    },
  }
}

/** Carries out what can fail, between a line at its begin and one at its end. */
export async function toldToItsEnd(log: Log, fields: object, work: () => Promise<void>): Promise<void> {
  log.line('info', 'started', () => fields)
  try {
    await work()
    log.line('info', 'ended')
  } catch (error) {
    const code = error instanceof PipelineError ? error.code : 'internal'
    log.line('error', 'failed', () => ({ code, reason: reasonOf(error) }))
    throw error
  } finally {
    log.close()
  }
}

/** Tells verdicts and faults. Columns are looked at first, so that what nobody wants to know costs next to nothing. */
function transitions(log: Log): Sink {
  const wanted = verdictNames.map((name) => log.tells(first[name][0]))
  const wantedLater = verdictNames.map((name) => log.tells(later[name][0]))
  return {
    write: async ({ work, settled, last }: Part) => {
      const frames = work.kind === 'frames' ? work : undefined
      if (settled) {
        const { verdicts } = settled
        for (let index = 0; index < verdicts.length; index += 1) {
          const chosen = verdicts.isRetried(index) ? wantedLater : wanted
          if (chosen[verdicts.verdict[index] ?? 0]) tellRow(log, verdicts, index, frames)
        }
      }
      if (!last || !frames) return
      for (const { offset, bytes, code, message } of frames.faults)
        log.line('warn', 'fault', () => ({
          source: frames.origin.name,
          offset: Number(offset),
          bytes: Number(bytes),
          code,
          reason: message,
        }))
    },
  }
}

function tellRow(log: Log, verdicts: VerdictBatch, index: number, frames: Frames | undefined): void {
  const row = verdicts.row(index)
  const [level, event] = toldOf(row, verdicts.isRetried(index))
  log.line(level, event, () => fieldsOf(row, frames))
}

function toldOf({ verdict, reason, repeated }: Row, isRetried: boolean): readonly [Told, string] {
  if (repeated) return ['debug', 'repeated']
  if (verdict === 'escrowed' && reason === evidenceKind) return ['warn', 'duplicity']
  return (isRetried ? later : first)[verdict]
}

const fieldsOf = (
  { message, aid, sn, said, ilk, verdict, reason, awaits, fn }: Row,
  frames?: Frames,
): object => ({
  aid,
  sn: sn.toString(16),
  said,
  ilk,
  ...(fn !== undefined && { fn: Number(fn) }),
  ...(reason !== undefined && { [verdict === 'rejected' ? 'code' : 'escrow']: reason }),
  ...(awaits !== undefined && { awaits }),
  ...(frames &&
    message !== undefined && {
      source: frames.origin.name,
      offset: frames.at + (frames.spans[message * spanWords] ?? 0),
    }),
})
