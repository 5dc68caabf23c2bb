import type { FastifyPluginAsync } from 'fastify'

import type { Features } from '../../../native/addon.ts'
import type { Limits } from '../../limits.ts'
import { version } from '../../version.ts'
import type { Live } from '../live.ts'
import { problem } from '../schemas.ts'
import { eventStream } from '../sse.ts'

export interface LiveRoutes {
  readonly live: Live
  readonly features: Features
  readonly limits: Limits
}

/** How the run stands, once a second: server-sent events for the page. */
export const liveRoutes =
  ({ live, features, limits }: LiveRoutes): FastifyPluginAsync =>
  async (app) => {
    const { path, threads } = features
    app.get(
      '/v1/live',
      {
        schema: {
          summary:
            'How the run stands, as server-sent events: what runs and the last minutes first, then a sample a second.',
          produces: ['text/event-stream'],
          response: { 200: { description: 'Samples.', type: 'string' }, 503: problem },
        },
      },
      async ({ raw }, reply) => {
        const stream = eventStream(reply, live.listeners, limits)
        const runs = { version: version(), node: process.versions.node, cpuPath: path, threads }
        stream.tell('history', { type: 'history', runs, samples: live.kept })
        const stop = live.listen((sample) => stream.tell('sample', { type: 'sample', ...sample }))
        raw.once('close', stop)
      },
    )
  }
