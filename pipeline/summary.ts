import type { Tally } from '../operators/meter.ts'

/** The result of a run, as `--json` prints it (docs/json.md). The counts add up to the messages. */
export interface Summary {
  readonly type: 'summary'
  readonly accepted: number
  readonly duplicate: number
  readonly checked: number
  /** Still waiting, by kind. */
  readonly escrowed: Readonly<Record<string, number>>
  readonly rejected: Readonly<Record<string, number>>
  /** Messages that waited too long; left out if there were none. */
  readonly expired?: number
  /** Messages that gave way because too much waited; left out if there were none. */
  readonly evicted?: number
  /** Entries that left their escrow and were no message of this run; left out if there were none. */
  readonly woken?: number
  /** Stretches of bytes that were no message. */
  readonly faults: number
  readonly bytes: number
  readonly seconds: number
}

export const exitCodes = {
  accepted: 0,
  internal: 1,
  usage: 2,
  rejected: 3,
  incomplete: 4,
  duplicity: 5,
  unreachable: 6,
  config: 78,
  interrupted: 130,
} as const

export const summaryOf = (tally: Tally, seconds: number): Summary => ({
  type: 'summary',
  accepted: tally.accepted,
  duplicate: tally.duplicate,
  checked: tally.checked,
  escrowed: sorted(tally.escrowed),
  rejected: sorted(tally.rejected),
  ...(tally.expired > 0 && { expired: tally.expired }),
  ...(tally.evicted > 0 && { evicted: tally.evicted }),
  ...(tally.woken > 0 && { woken: tally.woken }),
  faults: total(tally.faults),
  bytes: tally.bytes,
  seconds: Math.round(seconds * 1000) / 1000,
})

/** The first that applies: duplicity seen, something refused, something incomplete, all accepted. */
export function exitCodeOf(tally: Tally): number {
  if (tally.duplicity) return exitCodes.duplicity
  const truncated = tally.faults.get('cesr/truncated') ?? 0
  if (tally.rejected.size > 0 || total(tally.faults) > truncated) return exitCodes.rejected
  if (tally.escrowed.size > 0 || truncated > 0) return exitCodes.incomplete
  return exitCodes.accepted
}

/** The summary in words, for a terminal. */
export function summaryText(summary: Summary): string {
  const {
    accepted,
    duplicate,
    checked,
    escrowed,
    rejected,
    expired = 0,
    evicted = 0,
    woken = 0,
    faults,
    bytes,
    seconds,
  } = summary
  const waiting = sum(escrowed)
  const refused = sum(rejected)
  const messages = accepted + duplicate + checked + waiting + refused + expired + evicted
  const rate = seconds > 0 ? Math.round(messages / seconds) : messages
  return [
    `${number(messages)} messages, ${number(bytes)} bytes in ${seconds.toFixed(2)} s (${number(rate)} messages/s)`,
    `  accepted   ${number(accepted)}`,
    ...line('duplicate', duplicate),
    ...line('checked', checked),
    ...line('waiting', waiting, escrowed),
    ...line('refused', refused, rejected),
    ...line('expired', expired),
    ...line('evicted', evicted),
    ...line('woken', woken),
    ...(faults > 0 ? [`  faults     ${number(faults)} (stretches of bytes that are no message)`] : []),
  ].join('\n')
}

function line(name: string, count: number, parts: Readonly<Record<string, number>> = {}): string[] {
  if (count === 0) return []
  const detail = Object.entries(parts).map(([part, of]) => `${number(of)} ${part}`)
  return [`  ${name.padEnd(10)} ${number(count)}${detail.length > 0 ? `: ${detail.join(', ')}` : ''}`]
}

const number = (value: number): string => value.toLocaleString('en-US')
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0)
const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0)
const sorted = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
