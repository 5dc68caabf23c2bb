import { Readable } from 'node:stream'

import type { FastifyPluginAsync, FastifyRequest } from 'fastify'

import { HttpProblem } from '../context.ts'
import { inspection, type InspectionOptions } from '../inspection.ts'
import { problem } from '../schemas.ts'

/** Types that no form of another site can send without being asked for leave first. */
const types = ['application/cesr', 'application/octet-stream']

/** What stands in a stream, and what it is worth by itself; nothing of it is kept. */
export const inspectRoutes =
  (options: InspectionOptions): FastifyPluginAsync =>
  async (app) => {
    const { limits } = options
    let underWay = 0
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      types,
      { parseAs: 'buffer', bodyLimit: limits.inspectBytes },
      async (_: FastifyRequest, body: Buffer) => body,
    )
    app.post(
      '/v1/inspect',
      {
        bodyLimit: limits.inspectBytes,
        schema: {
          summary:
            'A stream judged by itself and annotated, as JSON lines: verdicts and faults, then annotations, then the end.',
          consumes: types,
          produces: ['application/x-ndjson'],
          response: {
            200: { description: 'JSON lines (docs/http.md).', type: 'string' },
            400: problem,
            406: problem,
            413: problem,
            503: problem,
          },
        },
      },
      async ({ body }, reply) => {
        if (!Buffer.isBuffer(body))
          throw new HttpProblem(400, 'http/message', 'there is no stream in the request', `send ${types[0]}`)
        if (underWay >= limits.inspectionsMax) {
          reply.header('Retry-After', '1')
          throw new HttpProblem(
            503,
            'http/busy',
            `${limits.inspectionsMax} streams are looked at already`,
            'come again in a second',
          )
        }
        underWay += 1
        const lines = Readable.from(inspection(body, options), { objectMode: false })
        lines.once('close', () => (underWay -= 1))
        return reply.type('application/x-ndjson').send(lines)
      },
    )
  }
