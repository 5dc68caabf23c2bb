import { Option } from 'commander'

import { nativeLog } from '../../native/logs.ts'
import { limits } from '../limits.ts'
import { Log, logLevels, type LogLevel } from '../log.ts'

export interface LogFlag {
  readonly logLevel: LogLevel
}

/** Of a command that takes streams: how much it tells in structured lines. */
export const logOption = (): Option =>
  new Option('--log-level <level>', 'tell transitions as JSON lines on standard error (docs/logs.md)')
    .choices([...logLevels])
    .default('off')
    .env('KELPIPE_LOG')

/** The log of a run, which what the native code tells joins. */
export const logOf = ({ logLevel }: LogFlag): Log =>
  new Log({ level: logLevel, limits, ...(logLevel !== 'off' && { native: nativeLog() }) })
