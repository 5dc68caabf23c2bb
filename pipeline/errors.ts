/** The stages that can stop a run. A remote event never does: its faults are data. */
export type Stage = 'source' | 'store' | 'sink' | 'native' | 'config'

/** What an error says beyond its code: in plain words, and what to do about it. */
export interface ErrorText {
  /** What went wrong and where: a path, an address, a key. */
  readonly what: string
  /** What to try next, if anything is known to help. */
  readonly next?: string
  readonly cause?: unknown
}

/**
 * An error that stops the run, with a stable code (docs/errors.md). It says what, where and why in its message
 * and what next in `next`.
 */
export class PipelineError extends Error {
  readonly code: `${Stage}/${string}`
  readonly next: string | undefined

  constructor(code: `${Stage}/${string}`, text: ErrorText) {
    const why = text.cause === undefined ? '' : `: ${reasonOf(text.cause)}`
    super(`${text.what}${why}`, text.cause === undefined ? undefined : { cause: text.cause })
    this.name = 'PipelineError'
    this.code = code
    this.next = text.next
  }

  get stage(): Stage {
    return this.code.slice(0, this.code.indexOf('/')) as Stage
  }
}

/** The message of anything that was thrown. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown)

/** The system's code of a failed call (`ENOENT`, `EADDRINUSE`), if it has one. */
export const systemCode = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined

/** Makes text from outside safe to print: control characters are escaped, so that no terminal acts on them. */
export const printable = (text: string): string =>
  text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
