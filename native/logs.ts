import { createRequire } from 'node:module'

import { addonPath } from './addon.ts'

/** What is told to a log, from the least to the most. */
export const logLevels = ['off', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof logLevels)[number]

/** A line that the native code tells. */
export interface NativeLine {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly level: Exclude<LogLevel, 'off'>
  /** The module that tells it. */
  readonly target: string
  readonly message: string
  readonly fields: Readonly<Record<string, string>>
}

interface BoundLine extends Omit<NativeLine, 'fields'> {
  readonly names: readonly string[]
  readonly values: readonly string[]
}

interface Binding {
  logLevel(level: LogLevel): void
  takeLogs(): { lines: readonly BoundLine[]; lost: number }
}

/** Lines of the native code, of all threads of the process. */
export interface NativeLog {
  /** Sets what is told; nothing at first. */
  level(level: LogLevel): void
  /** Takes what was told since the last call, and how much was not kept for lack of room. */
  take(): { readonly lines: readonly NativeLine[]; readonly lost: number }
}

export function nativeLog(): NativeLog {
  const binding = createRequire(import.meta.url)(addonPath()) as Binding
  return {
    level: (level) => binding.logLevel(level),
    take: () => {
      const { lines, lost } = binding.takeLogs()
      return { lines: lines.map(lineOf), lost }
    },
  }
}

const lineOf = ({ names, values, ...line }: BoundLine): NativeLine => ({
  ...line,
  fields: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])),
})
