import type { Socket } from 'node:net'

import type { Chunk, Origin } from '../../operators/flow.ts'
import type { Slots } from '../../operators/slots.ts'
import { printable } from '../errors.ts'
import { headroomBytes } from './buffers.ts'
import { Arrivals } from './gathered.ts'
import type { SourceContext } from './source.ts'

export interface ConnectionOptions {
  /** The listener's name. */
  readonly name: string
  /** Shared by all connections of a listener, first come, first served. */
  readonly credits: Slots
  readonly context: SourceContext
}

/**
 * The chunks of one connection. After a short silence a message that is complete is asked for; a connection that is
 * silent for long, or that does not complete a message in time, is closed, and what it left unfinished is a fault.
 */
export async function* connectionChunks(socket: Socket, options: ConnectionOptions): AsyncGenerator<Chunk> {
  const { credits, context } = options
  const origin: Origin = {
    id: context.numberOf(`${options.name} ${socket.remoteAddress ?? ''}`.trim()),
    name: `${options.name} ${peerOf(socket)}`,
  }
  const arrivals = new Arrivals(socket, context.signal)
  const unfinished = new Unfinished()
  let at = 0
  try {
    for (let end: Chunk['end'] = 'more'; end !== 'end';) {
      end = await nextEnd(arrivals, unfinished, context)
      await credits.take()
      const whole =
        end === 'more' ? await arrivals.take(context.limits.batchBytesMin) : new Uint8Array(headroomBytes)
      const bytes = whole.subarray(headroomBytes)
      const framed = (pending: number, progressed: boolean): void => unfinished.note(pending, progressed)
      yield { origin, bytes, headroom: headroomBytes, at, end, framed, ack: () => credits.give() }
      at += bytes.length
    }
  } finally {
    socket.destroy()
  }
}

/** Waits for what comes next: bytes, a silence that asks for a flush, or the end, whoever makes it. */
async function nextEnd(
  arrivals: Arrivals,
  unfinished: Unfinished,
  { limits, signal }: SourceContext,
): Promise<Chunk['end']> {
  const overdue = (): boolean => unfinished.ageMs > limits.unfinishedFrameMs
  const silentFrom = performance.now()
  for (;;) {
    if (overdue() || signal.aborted) return 'end'
    const silentMs = performance.now() - silentFrom
    const waitMs = unfinished.flushed ? limits.connectionIdleMs - silentMs : limits.flushIdleMs
    if (waitMs <= 0) return 'end'
    const arrived = await arrivals
      .any(Math.min(waitMs, Math.max(1, limits.unfinishedFrameMs - unfinished.ageMs)))
      .catch(() => false)
    if (arrived !== undefined) return arrived ? 'more' : 'end'
    if (!unfinished.flushed && !overdue()) {
      unfinished.flushed = true
      return 'flush'
    }
  }
}

/** What a connection has sent of a message that is not complete. */
class Unfinished {
  #since: number | undefined
  /** Whether the bytes so far have been asked for by a flush, so that only new ones are worth another. */
  flushed = true

  get ageMs(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since
  }

  note(pendingBytes: number, progressed: boolean): void {
    const asked = this.flushed && !progressed && pendingBytes === this.#bytes
    this.#bytes = pendingBytes
    this.flushed = pendingBytes === 0 || asked
    if (pendingBytes === 0) this.#since = undefined
    else if (progressed || this.#since === undefined) this.#since = performance.now()
  }

  #bytes = 0
}

const peerOf = (socket: Socket): string =>
  socket.remoteAddress ? printable(`${socket.remoteAddress}:${socket.remotePort}`) : 'peer'
