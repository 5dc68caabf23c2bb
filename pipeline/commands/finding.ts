import { PipelineError, reasonOf } from '../errors.ts'

/** Something that a doctor looked at. What is well and has something to do next could be better. */
export interface Finding {
  readonly ok: boolean
  readonly what: string
  readonly next?: string | undefined
}

/** Something that failed, and what to do if it does not say so itself. */
export const bad = (error: unknown, next?: string): Finding => ({
  ok: false,
  what: reasonOf(error),
  next: (error instanceof PipelineError ? error.next : undefined) ?? next,
})
