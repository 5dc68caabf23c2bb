import type { Observation } from './vector.ts'

/** The same value with all keys in order. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

/** What is attached to events. The reference leaves signatures of queries behind when those leave. */
export const attached = ({ events, attachments }: Observation): string[] => {
  const queries = new Set(events.filter(({ ilk }) => ilk === 'qry').map(({ said }) => said))
  return Object.entries(attachments)
    .filter(([said]) => !queries.has(said))
    .flatMap(([said, sets]) =>
      Object.entries(sets).flatMap(([set, texts]) => texts.map((text) => `${said} ${set} ${text}`)),
    )
    .toSorted()
}
