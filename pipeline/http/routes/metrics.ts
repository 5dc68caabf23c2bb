import type { FastifyPluginAsync } from 'fastify'

import type { Metrics } from '../../metrics.ts'

/** What the run does, for Prometheus (docs/metrics.md). */
export const metricsRoutes =
  (metrics: Metrics): FastifyPluginAsync =>
  async (app) => {
    app.get(
      '/metrics',
      { schema: { summary: 'Metrics in the text format of Prometheus.', produces: ['text/plain'] } },
      async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.page()),
    )
  }
