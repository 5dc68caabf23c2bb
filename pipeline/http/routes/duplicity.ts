import { Readable } from 'node:stream'

import type { FastifyPluginAsync } from 'fastify'

import { evidenceOf, exported, messagesOf } from '../../escrow/duplicity.ts'
import type { EntryQuery } from '../../escrow/entry.ts'
import { HttpProblem, type HttpContext } from '../context.ts'
import { cesr, decimal, evidence as evidenceSchema, paging, primitive, problem } from '../schemas.ts'

interface Selection {
  readonly aid?: string
  readonly sn?: string
  readonly said?: string
}

const selection = { aid: primitive, sn: decimal, said: primitive } as const

const queryOf = ({ aid, sn, said }: Selection): Pick<EntryQuery, 'aid' | 'sn' | 'said'> => ({
  aid,
  sn: sn === undefined ? undefined : BigInt(sn),
  said,
})

/** Evidence of duplicity. */
export const duplicityRoutes =
  ({ manager, limits }: HttpContext): FastifyPluginAsync =>
  async (app) => {
    app.get<{ Querystring: Selection & { messages: boolean; limit?: number; after?: string } }>(
      '/v1/duplicity',
      {
        schema: {
          summary:
            'Evidence of duplicity: both events, when and from whom they came, how far the other one is signed.',
          querystring: {
            type: 'object',
            properties: {
              ...selection,
              ...paging(limits),
              messages: { type: 'boolean', default: false },
            },
          },
          response: { 200: evidenceSchema, 400: problem },
        },
      },
      async ({ query }) => {
        const evidence: object[] = []
        let next: string | undefined
        for await (const found of evidenceOf(manager, queryOf(query), query.after)) {
          if (evidence.length === (query.limit ?? limits.pageEntries)) return { evidence, next }
          next = found.entry.cursor
          evidence.push({
            ...found.evidence,
            ...(query.messages && { messages: messagesOf(manager, found) }),
          })
        }
        return { evidence }
      },
    )

    app.get<{ Querystring: Selection }>(
      '/v1/duplicity/export',
      {
        schema: {
          summary: 'Evidence as one stream of CESR that "kelpipe verify" judges without this database.',
          querystring: { type: 'object', properties: selection },
          produces: ['application/cesr'],
          response: { 200: cesr, 400: problem, 404: problem },
        },
      },
      async ({ query }, reply) => {
        const stream = exported(manager, queryOf(query), limits.delegatorsMax)
        const first = await stream.next()
        if (first.done) throw new HttpProblem(404, 'http/unknown', 'there is no such evidence')
        return reply
          .type('application/cesr')
          .send(Readable.from(behind(first.value, stream), { objectMode: false }))
      },
    )
  }

async function* behind(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}
