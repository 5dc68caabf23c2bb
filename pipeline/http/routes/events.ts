import type { FastifyPluginAsync } from 'fastify'

import { verdictNames } from '../../../native/batch.ts'
import type { HttpContext } from '../context.ts'
import type { Events, Told } from '../events.ts'
import { primitive, problem } from '../schemas.ts'
import { eventStream, type EventStream } from '../sse.ts'

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
        const last = headers['last-event-id']
        const after = typeof last === 'string' ? last : query.after
        const told = eventStream(reply, events.listeners, limits)
        raw.once(
          'close',
          tellAll(told, events, (each) => fits(each, query), after),
        )
      },
    )
  }

const fits = ({ data }: Told, { aid, verdict }: Filter): boolean =>
  (aid === undefined || data['aid'] === aid) && (verdict === undefined || data['verdict'] === verdict)

/** Tells what was missed and then what comes, until it is stopped. */
function tellAll(
  stream: EventStream,
  events: Events,
  wanted: (told: Told) => boolean,
  after: string | undefined,
): () => void {
  const listener = (told: Told): void => {
    if (wanted(told)) stream.tell(told.event, told.data, told.id)
  }
  const missed: Told[] = []
  let live = false
  const listening = events.listen((told) => (live ? listener(told) : missed.push(told)), after)
  if (!listening.whole) stream.tell('gap', { type: 'gap' })
  missed.forEach(listener)
  live = true
  return listening.stop
}
