import type { FastifyPluginAsync } from 'fastify'

import type { HttpContext } from '../context.ts'
import { health } from '../schemas.ts'

/** Whether the process lives, and whether it can take more. */
export const healthRoutes =
  ({ vitals }: Pick<HttpContext, 'vitals'>): FastifyPluginAsync =>
  async (app) => {
    app.get(
      '/health/live',
      { schema: { summary: 'Whether the process answers.', response: { 200: health } } },
      () => ({ status: 'live' }),
    )
    app.get(
      '/health/ready',
      {
        schema: {
          summary: 'Whether it can take more; if not, the reasons.',
          response: { 200: health, 503: health },
        },
      },
      async (_, reply) => {
        const { ready, reasons } = await vitals.readiness()
        return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', reasons })
      },
    )
  }
