import type { ServerResponse } from 'node:http'

import type { FastifyPluginAsync } from 'fastify'

import { verdictNames } from '../../../native/batch.ts'
import { HttpProblem, type HttpContext } from '../context.ts'
import type { Told } from '../events.ts'
import { primitive, problem } from '../schemas.ts'

interface Filter {
  readonly aid?: string
  readonly verdict?: string
}

/** What happens, as it happens: server-sent events, taken up again where a connection was lost. */
export const eventRoutes =
  ({ events, limits }: HttpContext): FastifyPluginAsync =>
  async (app) => {
    app.get<{ Querystring: Filter & { after?: string } }>(
      '/v1/events',
      {
        schema: {
          summary: 'Verdicts as server-sent events; resumed by Last-Event-ID, or by after.',
          querystring: {
            type: 'object',
            properties: {
              aid: primitive,
              verdict: { type: 'string', enum: [...verdictNames] },
              after: { type: 'string' },
            },
          },
          produces: ['text/event-stream'],
          response: { 200: { description: 'Events.', type: 'string' }, 400: problem, 503: problem },
        },
      },
      async ({ query, headers, raw }, reply) => {
        if (events.listeners >= limits.eventListeners)
          throw new HttpProblem(
            503,
            'http/listeners',
            `${limits.eventListeners} listen already`,
            'come again later',
          )
        reply.hijack()
        reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
        const last = headers['last-event-id']
        const after = typeof last === 'string' ? last : query.after
        const stop = stream(reply.raw, (told) => fits(told, query), { events, limits }, after)
        raw.once('close', stop)
      },
    )
  }

const fits = ({ data }: Told, { aid, verdict }: Filter): boolean =>
  (aid === undefined || data['aid'] === aid) && (verdict === undefined || data['verdict'] === verdict)

/** Writes events until it is stopped. One who does not keep up is cut off, and can come again. */
function stream(
  response: ServerResponse,
  wanted: (told: Told) => boolean,
  { events, limits }: Pick<HttpContext, 'events' | 'limits'>,
  after: string | undefined,
): () => void {
  const write = (text: string): void => {
    response.write(text)
    if (response.writableLength > limits.eventBufferBytes) response.destroy()
  }
  const listener = (told: Told): void => {
    if (wanted(told)) write(`id: ${told.id}\nevent: ${told.event}\ndata: ${JSON.stringify(told.data)}\n\n`)
  }
  write(': listening\n\n')
  const missed: Told[] = []
  let live = false
  const listening = events.listen((told) => (live ? listener(told) : missed.push(told)), after)
  if (!listening.whole) write('event: gap\ndata: {"type":"gap"}\n\n')
  missed.forEach(listener)
  live = true
  const pulse = setInterval(() => write(': \n\n'), limits.eventPulseMs)
  pulse.unref()
  return () => {
    clearInterval(pulse)
    listening.stop()
  }
}
