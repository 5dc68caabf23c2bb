import { pino, type DestinationStream, type Logger } from 'pino'

import { logLevels, type LogLevel, type NativeLog } from '../native/logs.ts'
import type { Limits } from './limits.ts'

export { logLevels, type LogLevel } from '../native/logs.ts'

type Told = Exclude<LogLevel, 'off'>
type LogLimits = Pick<Limits, 'logLinesPerSecond' | 'logLinesAtOnce' | 'logBufferBytes' | 'logFetchMs'>

export interface LogOptions {
  readonly level: LogLevel
  readonly limits: LogLimits
  /** Takes lines; standard error if nothing is said. */
  readonly destination?: DestinationStream
  /** What the native code tells joins the log. */
  readonly native?: NativeLog
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number
}

/** How much of one event may still be told. */
interface Allowance {
  lines: number
  at: number
  suppressed: number
}

/** Names of fields that are never told, wherever a caller puts them. */
const secrets = ['token', 'authorization', 'Authorization', 'seed', 'salt', 'privateKey', 'password']

/** Characters beyond those that JSON escapes that could steer a terminal. */
const steering = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const escaped = (line: string): string =>
  line.replace(steering, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * Structured lines, one a transition (docs/logs.md). Of each event only so many are told a second: the rest is counted
 * and told with the next line of it.
 */
export class Log {
  readonly level: LogLevel
  readonly #logger: Logger
  readonly #limits: LogLimits
  readonly #native: NativeLog | undefined
  readonly #now: () => number
  readonly #allowances = new Map<string, Allowance>()
  readonly #fetch: NodeJS.Timeout | undefined

  constructor({ level, limits, destination, native, now = () => performance.now() }: LogOptions) {
    this.level = level
    this.#limits = limits
    this.#now = now
    this.#native = level === 'off' ? undefined : native
    const target = destination ?? standardError(limits)
    this.#logger = pino(
      {
        level: level === 'off' ? 'silent' : level,
        base: null,
        messageKey: 'event',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), remove: true },
      },
      { write: (line) => target.write(escaped(line)) },
    )
    this.#native?.level(level)
    if (this.#native) this.#fetch = setInterval(() => this.#join(), limits.logFetchMs).unref()
  }

  /** Whether lines of a level are told. */
  tells(level: LogLevel): boolean {
    return level !== 'off' && logLevels.indexOf(level) <= logLevels.indexOf(this.level)
  }

  /** Tells what happened, if its level is told and there is room; `fields` is asked only then. */
  line(level: Told, event: string, fields: () => object = () => ({})): void {
    if (!this.tells(level)) return
    const suppressed = this.#admitted(event)
    if (suppressed === undefined) return
    this.#logger[level]({ ...fields(), ...(suppressed > 0 && { suppressed }) }, event)
  }

  /** Tells what was held back, and nothing any more that the native code tells. */
  close(): void {
    clearInterval(this.#fetch)
    this.#join()
    this.#native?.level('off')
    for (const [of, { suppressed }] of this.#allowances)
      if (suppressed > 0) this.#logger.info({ of, suppressed }, 'suppressed')
    this.#allowances.clear()
  }

  /** How many lines of the event were held back before this one; nothing if this one is, too. */
  #admitted(event: string): number | undefined {
    const { logLinesPerSecond, logLinesAtOnce } = this.#limits
    const now = this.#now()
    const allowance = this.#allowances.get(event) ?? { lines: logLinesAtOnce, at: now, suppressed: 0 }
    this.#allowances.set(event, allowance)
    const grown = allowance.lines + ((now - allowance.at) / 1000) * logLinesPerSecond
    allowance.lines = Math.min(logLinesAtOnce, grown)
    allowance.at = now
    if (allowance.lines < 1) {
      allowance.suppressed += 1
      return undefined
    }
    allowance.lines -= 1
    const { suppressed } = allowance
    allowance.suppressed = 0
    return suppressed
  }

  #join(): void {
    const { lines, lost } = this.#native?.take() ?? { lines: [], lost: 0 }
    for (const { at, level, target, message, fields } of lines)
      this.line(level, message, () => ({ at: new Date(at).toISOString(), target, ...fields }))
    if (lost > 0) this.line('warn', 'native lines lost', () => ({ lost }))
  }
}

/** Never holds up the event loop: what its reader does not take is dropped beyond a limit. */
const standardError = ({ logBufferBytes }: LogLimits): DestinationStream =>
  pino.destination({ dest: 2, sync: false, maxLength: logBufferBytes })
