import type { ServerResponse } from 'node:http'

import type { FastifyReply } from 'fastify'

import type { Limits } from '../limits.ts'
import { HttpProblem } from './context.ts'

/** A response that carries server-sent events. One who does not keep up is cut off, and can come again. */
export class EventStream {
  readonly #response: ServerResponse
  readonly #bufferBytes: number
  readonly #pulse: NodeJS.Timeout

  constructor(
    response: ServerResponse,
    { eventBufferBytes, eventPulseMs }: Pick<Limits, 'eventBufferBytes' | 'eventPulseMs'>,
  ) {
    this.#response = response
    this.#bufferBytes = eventBufferBytes
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
    this.#write(': listening\n\n')
    this.#pulse = setInterval(() => this.#write(': \n\n'), eventPulseMs)
    this.#pulse.unref()
    response.once('close', () => clearInterval(this.#pulse))
  }

  /** Tells an event; `id` names it, for those who come again. */
  tell(event: string, data: object, id?: string): void {
    this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  #write(text: string): void {
    this.#response.write(text)
    if (this.#response.writableLength > this.#bufferBytes) this.#response.destroy()
  }
}

/** The stream of one more listener. Throws `http/listeners` where there are as many as may be. */
export function eventStream(reply: FastifyReply, listeners: number, limits: Limits): EventStream {
  if (listeners >= limits.eventListeners)
    throw new HttpProblem(
      503,
      'http/listeners',
      `${limits.eventListeners} listen already`,
      'come again later',
    )
  reply.hijack()
  return new EventStream(reply.raw, limits)
}
