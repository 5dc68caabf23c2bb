const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

/** A whole number with separators. */
export const whole = (value: number): string => counts.format(value)

/** A number of about three digits. */
export const compact = (value: number): string =>
  value > 0 && value < 10 ? String(Number(value.toPrecision(2))) : short.format(value).replace('K', 'k')

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB']

export function bytes(value: number): string {
  let [left, unit] = [value, 0]
  while (left >= 1000 && unit < byteUnits.length - 1) [left, unit] = [left / 1000, unit + 1]
  return `${left < 10 && unit > 0 ? left.toFixed(1) : Math.round(left)} ${byteUnits[unit]}`
}

/** A duration in its largest unit. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

export const ageOf = (since: string): string => duration(Math.max(0, (Date.now() - Date.parse(since)) / 1000))

/** The ends of an identifier. */
export const shortened = (text: string): string =>
  text.length > 18 ? `${text.slice(0, 8)}…${text.slice(-6)}` : text

/** A sequence number, which the interface writes in hexadecimal. */
export const decimal = (hexadecimal: string): string => BigInt(`0x${hexadecimal || '0'}`).toString()

/** A count with its noun. */
export const counted = (count: number, noun: string): string =>
  `${whole(count)} ${noun}${count === 1 ? '' : 's'}`
