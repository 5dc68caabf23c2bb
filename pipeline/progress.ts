import type { WriteStream } from 'node:tty'

import type { Tally } from '../operators/meter.ts'

const barCells = 24

/** What the bar shows besides the counts. */
export interface ProgressOptions {
  readonly stream: WriteStream
  readonly tally: Tally
  /** Bytes that are to come, if that is known. */
  readonly bytesTotal: number | undefined
  readonly everyMs: number
}

/** A line at the bottom of a terminal that is redrawn while a run goes on. */
export class Progress {
  readonly #options: ProgressOptions
  readonly #start = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor(options: ProgressOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#draw(), options.everyMs)
    this.#timer.unref()
  }

  /** Clears the line, so that other words may be written. */
  clear(): void {
    this.#options.stream.write('\r\u001b[K')
  }

  stop(): void {
    clearInterval(this.#timer)
    this.clear()
  }

  #draw(): void {
    const { stream, tally, bytesTotal } = this.#options
    const line = progressText(tally, bytesTotal, (performance.now() - this.#start) / 1000)
    stream.write(`\r\u001b[K${line.slice(0, Math.max(0, stream.columns - 1))}`)
  }
}

/** The text of the bar: bytes, rate, what waits, and how long it will take. */
export function progressText(tally: Tally, bytesTotal: number | undefined, seconds: number): string {
  const waiting = [...tally.escrowed.values()].reduce((a, b) => a + b, 0)
  const rejected = [...tally.rejected.values()].reduce((a, b) => a + b, 0)
  const events = tally.accepted + tally.duplicate + tally.checked + waiting + rejected
  const rate = Math.round(events / Math.max(seconds, 0.001))
  const counts = `${mebibytes(tally.bytes)} MiB  ${rate.toLocaleString('en-US')}/s  ${waiting.toLocaleString('en-US')} waiting`
  if (!bytesTotal) return counts
  const share = Math.min(1, tally.bytes / bytesTotal)
  const full = Math.round(share * barCells)
  const left = share > 0 ? Math.ceil((seconds * (1 - share)) / share) : undefined
  const eta = left === undefined ? '' : `  ${left} s left`
  return `${'█'.repeat(full)}${'░'.repeat(barCells - full)} ${Math.round(share * 100)} %  ${counts}${eta}`
}

const mebibytes = (bytes: number): string => (bytes / (1024 * 1024)).toFixed(1)
