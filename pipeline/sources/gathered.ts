import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'

import type { Chunk, Origin } from '../../operators/flow.ts'
import type { Slots } from '../../operators/slots.ts'
import { headroomBytes } from './buffers.ts'
import type { SourceContext } from './source.ts'

export interface Gathering {
  readonly origin: Origin
  readonly credits: Slots
  readonly context: SourceContext
}

/**
 * Reads a stream that comes in small pieces as chunks of about a batch: as many bytes as are there, never waiting
 * for more of them than there are. The first `skip` bytes are passed over.
 */
export async function* gathered(stream: Readable, gathering: Gathering, skip = 0): AsyncGenerator<Chunk> {
  const { origin, credits, context } = gathering
  const arrivals = new Arrivals(stream, context.signal)
  let at = 0
  for (;;) {
    const open = await arrivals.any()
    if (context.signal.aborted) return
    await credits.take()
    const gatheredBytes = await arrivals.take(context.pace.bytes)
    const passed = Math.min(Math.max(0, skip - at), gatheredBytes.length - headroomBytes)
    at += passed
    const bytes = gatheredBytes.subarray(headroomBytes + passed)
    const end = !open
    const ack = (): void => credits.give()
    if (bytes.length > 0 || end)
      yield { origin, bytes, headroom: headroomBytes, at, end: end ? 'end' : 'more', ack }
    else credits.give()
    if (end) return
    at += bytes.length
  }
}

/** The bytes that a stream has ready. */
export class Arrivals {
  readonly #stream: Readable
  #state: 'open' | 'ended' | { readonly error: unknown } = 'open'
  #wake: (() => void) | undefined

  constructor(stream: Readable, signal: AbortSignal) {
    this.#stream = stream
    stream.on('readable', () => this.#wake?.())
    stream.once('end', () => this.#finish('ended'))
    stream.once('close', () => this.#finish('ended'))
    stream.once('error', (error) => this.#finish({ error }))
    const abort = (): void => this.#finish('ended')
    signal.addEventListener('abort', abort)
    stream.once('close', () => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
  }

  /**
   * Waits until bytes are ready (true) or there will be none (false); with a timeout, `undefined` when that has
   * passed. A failure of the stream is thrown once its bytes have been taken.
   */
  async any(): Promise<boolean>
  async any(timeoutMs: number): Promise<boolean | undefined>
  async any(timeoutMs?: number): Promise<boolean | undefined> {
    for (let waited = false; ; waited = true) {
      if (this.#stream.readableLength > 0) return true
      if (this.#state === 'ended') return false
      if (this.#state !== 'open') throw this.#state.error
      if (waited && timeoutMs !== undefined) return undefined
      await this.#change(timeoutMs)
    }
  }

  /** Takes what is ready, up to about `bytes`, behind the headroom of one new buffer. */
  async take(bytes: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    let length = 0
    for (let idle = false; length < bytes;) {
      const piece = this.#stream.read() as Uint8Array | null
      if (piece) {
        pieces.push(piece)
        length += piece.length
        idle = false
      } else if (idle) break
      else {
        idle = true
        await setImmediate()
      }
    }
    const whole = new Uint8Array(headroomBytes + length)
    let at = headroomBytes
    for (const piece of pieces) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }

  async #change(timeoutMs: number | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs)
      // A stream announces bytes only after a read has found none.
      if (this.#stream.readableLength === 0) this.#stream.read(0)
    })
    clearTimeout(timer)
    this.#wake = undefined
  }

  #finish(state: 'ended' | { readonly error: unknown }): void {
    if (this.#state === 'open') this.#state = state
    this.#wake?.()
  }
}
