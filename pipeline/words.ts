const secondsOf = { d: 86_400, h: 3_600, min: 60, s: 1 } as const

/** How long ago a time was, in the largest unit of which it is a whole one: `5 min`. */
export function ageText(since: string, nowMs: number = Date.now()): string {
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(since)) / 1000))
  const fitting = Object.entries(secondsOf).find(([, unit]) => seconds >= unit)
  const [name, unit] = fitting ?? ['s', 1]
  return `${Math.floor(seconds / unit)} ${name}`
}

/** A time to the second, and how long ago it was: `2026-11-21T18:23:26Z (5 min)`. */
export const sinceText = (since: string, nowMs?: number): string =>
  `${since.slice(0, 19)}Z (${ageText(since, nowMs)})`

/** A number and what is counted: `1 entry`, `1,234 entries`. */
export const counted = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`

/** Rows of cells as lines, in columns. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
