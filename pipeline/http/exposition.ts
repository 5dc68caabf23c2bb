import type { FastifyInstance } from 'fastify'

import type { Limits } from '../limits.ts'
import type { Metrics } from '../metrics.ts'
import { metricsRoutes } from './routes/metrics.ts'

/** A server that answers with metrics and nothing else, for runs that have no HTTP interface. */
export async function metricsServer(metrics: Metrics, limits: Limits): Promise<FastifyInstance> {
  const { fastify } = await import('fastify')
  const app = fastify({
    requestTimeout: limits.httpRequestMs,
    keepAliveTimeout: limits.httpIdleMs,
    forceCloseConnections: true,
  })
  app.server.maxConnections = limits.httpConnections
  await app.register(metricsRoutes(metrics))
  return app
}
