import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify'

import { PipelineError } from '../errors.ts'
import { version } from '../version.ts'
import { HttpProblem, type HttpContext } from './context.ts'
import { duplicityRoutes } from './routes/duplicity.ts'
import { escrowRoutes } from './routes/escrow.ts'
import { eventRoutes } from './routes/events.ts'
import { healthRoutes } from './routes/health.ts'
import { intakeRoutes, type IntakeContext } from './routes/intake.ts'
import { stateRoutes } from './routes/state.ts'

/** The HTTP interface. `further` adds routes of others, such as metrics or a page. */
export async function httpServer(
  context: HttpContext,
  further: readonly FastifyPluginAsync[] = [],
): Promise<FastifyInstance> {
  const app = await answering(context)
  const { default: swagger } = await import('@fastify/swagger')
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'kelpipe', version: version(), description: 'Key state, what waits, and evidence.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
  })
  for (const routes of [stateRoutes, escrowRoutes, duplicityRoutes, eventRoutes, intakeRoutes, healthRoutes])
    await app.register(routes(context))
  for (const plugin of further) await app.register(plugin)
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  return app
}

/** A server that takes streams in, and does nothing else. */
export async function intakeServer(
  context: IntakeContext & Pick<HttpContext, 'log'>,
): Promise<FastifyInstance> {
  const app = await answering(context)
  await app.register(intakeRoutes(context))
  return app
}

async function answering({ limits, log }: Pick<HttpContext, 'limits' | 'log'>): Promise<FastifyInstance> {
  const { fastify } = await import('fastify')
  const app = fastify({
    http: { maxHeaderSize: limits.httpHeaderBytes },
    bodyLimit: limits.httpMessageBytes,
    requestTimeout: limits.httpRequestMs,
    keepAliveTimeout: limits.httpIdleMs,
    forceCloseConnections: true,
  })
  app.server.maxConnections = limits.httpConnections
  answerProblems(app, log)
  app.addHook(
    'onResponse',
    async ({ method, routeOptions: { url: path } }, { statusCode: status, elapsedTime }) =>
      log.line('debug', 'request', () => ({ method, path, status, ms: Math.round(elapsedTime) })),
  )
  return app
}

/** Every refusal is a JSON object that says what is wrong and what to do. */
function answerProblems(app: FastifyInstance, log: HttpContext['log']): void {
  const known: { readonly method: string; readonly path: RegExp }[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const path = new RegExp(`^${url.replaceAll('.', String.raw`\.`).replace(/:\w+/g, '[^/]+')}$`)
    for (const each of [method].flat()) known.push({ method: each, path })
  })
  app.setNotFoundHandler(({ url, method }) => {
    const path = url.split('?')[0] ?? ''
    const methods = known.filter((route) => route.path.test(path)).map((route) => route.method)
    if (methods.length === 0)
      throw new HttpProblem(404, 'http/path', `there is no ${path}`, 'GET /openapi.json lists all paths')
    throw new HttpProblem(405, 'http/method', `${path} takes ${methods.join(', ')}, not ${method}`)
  })
  app.setErrorHandler((error: FastifyError | Error, { routeOptions }, reply) => {
    const { status, code, what, next } = problemOf(error, routeOptions.bodyLimit)
    if (status >= 500)
      log.line('error', 'request failed', () => ({ path: routeOptions.url, status, code, reason: what }))
    void reply
      .code(status)
      .header('Content-Type', 'application/json')
      .serializer(JSON.stringify)
      .send({ title: code, description: what, code, ...(next !== undefined && { next }) })
  })
}

interface Answer {
  readonly status: number
  readonly code: string
  readonly what: string
  readonly next?: string | undefined
}

function problemOf(error: FastifyError | Error, bodyBytesMax: number): Answer {
  const what = error.message
  if (error instanceof HttpProblem) return { status: error.status, code: error.code, what, next: error.next }
  if (error instanceof PipelineError)
    return { status: error.code === 'config/busy' ? 503 : 500, code: error.code, what, next: error.next }
  if ('validation' in error && error.validation) return { status: 400, code: 'http/parameter', what }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  if (status === 413)
    return { status, code: 'http/too-large', what: `the body may have ${bodyBytesMax} bytes` }
  if (status === 415) return { status: 406, code: 'http/content-type', what }
  if (status < 500) return { status, code: 'http/request', what }
  return { status: 500, code: 'http/internal', what }
}
