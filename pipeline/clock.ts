import { bytesText, textBytes } from './text.ts'

/** The record that keeps the time of the store over restarts. */
export const clockName = 'clock'

/**
 * The time of a store: that of the machine, but never earlier than any time it has given before, so that a clock
 * that is set back cannot make entries younger than they are.
 */
export class StoreClock {
  #micros: bigint
  readonly #machineMs: () => number

  /** `stored` is the record of an earlier run; `machineMs` gives the time of the machine, in milliseconds since 1970. */
  constructor(stored: Uint8Array | undefined, machineMs: () => number = Date.now) {
    this.#machineMs = machineMs
    this.#micros = stored ? BigInt(bytesText(stored)) : 0n
  }

  /** Microseconds since 1970. */
  now(): bigint {
    const machine = BigInt(this.#machineMs()) * 1000n
    if (machine > this.#micros) this.#micros = machine
    return this.#micros
  }

  record(): readonly [name: string, value: Uint8Array] {
    return [clockName, textBytes(`${this.#micros}`)]
  }
}

/** Microseconds since 1970 of a date in ISO 8601 with a fraction of six digits; nothing if it is no date. */
export function microsOf(date: string): bigint | undefined {
  const millis = Date.parse(date)
  const [, micros = '0'] = /\.\d{3}(\d{3})/.exec(date) ?? []
  return Number.isNaN(millis) ? undefined : BigInt(millis) * 1000n + BigInt(micros)
}
