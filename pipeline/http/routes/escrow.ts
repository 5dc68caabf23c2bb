import { Readable } from 'node:stream'

import type { FastifyPluginAsync } from 'fastify'

import { awaitsNames, escrowKinds } from '../../../native/layout.ts'
import { sourceOf, type Entry, type EntryQuery } from '../../escrow/entry.ts'
import { entries, page, show, stats, type Shown } from '../../escrow/list.ts'
import { remove, retry } from '../../escrow/manage.ts'
import { HttpProblem, requireToken, type HttpContext } from '../context.ts'
import {
  changed,
  decimal,
  entryPage,
  paging,
  primitive,
  problem,
  shownEntries,
  stats as statsSchema,
} from '../schemas.ts'

interface Selection {
  readonly kind?: string
  readonly aid?: string
  readonly sn?: string
  readonly said?: string
  readonly awaits?: string
  readonly source?: string
  readonly older?: number
  readonly younger?: number
}

const whole = { type: 'integer', minimum: 0 } as const
const selection = {
  kind: { type: 'string', enum: escrowKinds.map(({ name }) => name) },
  aid: primitive,
  sn: decimal,
  said: primitive,
  awaits: { type: 'string', enum: [...awaitsNames] },
  source: { type: 'string', description: 'the source that brought it, by name or number' },
  older: { ...whole, description: 'waits for more seconds' },
  younger: { ...whole, description: 'waits for fewer seconds' },
} as const

const queryOf = ({ kind, aid, sn, said, awaits, source, older, younger }: Selection): EntryQuery => ({
  kind,
  aid,
  sn: sn === undefined ? undefined : BigInt(sn),
  said,
  awaits,
  source: source === undefined ? undefined : sourceOf(source),
  olderSeconds: older,
  youngerSeconds: younger,
})

const asJson = (entry: Entry): object => ({ ...entry, type: 'escrow-entry', entry: entry.type })

const ndjson = 'application/x-ndjson'

async function* lines(found: AsyncIterable<Entry>): AsyncGenerator<string> {
  for await (const entry of found) yield `${JSON.stringify(asJson(entry))}\n`
}

/** What waits, and what can be done about it. */
export const escrowRoutes =
  (context: HttpContext): FastifyPluginAsync =>
  async (app) => {
    const { manager, limits } = context
    const guarded = { onRequest: requireToken(context) }
    const security = [{ token: [] }]
    const refusals = { 400: problem, 401: problem, 503: problem }

    app.get<{ Querystring: Selection & { limit?: number; after?: string } }>(
      '/v1/escrow',
      {
        schema: {
          summary:
            'What waits, by AID and sequence number, a page at a time; as application/x-ndjson all of it. ' +
            'A page can have fewer entries than its limit, or none, and yet a next one.',
          querystring: {
            type: 'object',
            properties: {
              ...selection,
              ...paging(limits),
            },
          },
          response: { 200: entryPage, 400: problem },
        },
      },
      async ({ query, headers }, reply) => {
        const { limit = limits.pageEntries, after } = query
        if (headers.accept?.includes(ndjson))
          return reply.type(ndjson).send(Readable.from(lines(entries(manager, queryOf(query), after))))
        const { entries: found, next } = await page(manager, queryOf(query), limit, after)
        return { entries: found.map(asJson), ...(next !== undefined && { next }) }
      },
    )

    app.get(
      '/v1/escrow/stats',
      { schema: { summary: 'Counts of what waits.', response: { 200: statsSchema } } },
      async () => stats(manager),
    )

    app.get<{ Params: { said: string } }>(
      '/v1/escrow/:said',
      {
        schema: {
          summary: 'The entries with a SAID, with their messages.',
          params: { type: 'object', properties: { said: primitive }, required: ['said'] },
          response: { 200: shownEntries, 400: problem, 404: problem },
        },
      },
      async ({ params: { said } }) => {
        const shown: Shown[] = []
        for await (const entry of entries(manager, { said })) {
          const message = show(manager, entry)
          if (message && shown.push(message) === limits.pageEntriesMax) break
        }
        if (shown.length === 0)
          throw new HttpProblem(
            404,
            'http/unknown',
            `nothing with the SAID ${said} waits`,
            `GET /v1/why/${said}`,
          )
        return { entries: shown.map(asJson) }
      },
    )

    app.post<{ Querystring: Selection }>(
      '/v1/escrow/retry',
      {
        ...guarded,
        schema: {
          summary: 'Look at entries again; without a selection at all.',
          security,
          querystring: { type: 'object', properties: selection },
          response: { 200: changed, ...refusals },
        },
      },
      async ({ query }) => retry(manager, queryOf(query)),
    )

    app.delete<{ Querystring: Selection & { silent: boolean; all: boolean } }>(
      '/v1/escrow',
      {
        ...guarded,
        schema: {
          summary: 'Take entries out. Evidence of duplicity stays unless its kind is named.',
          security,
          querystring: {
            type: 'object',
            properties: {
              ...selection,
              silent: { type: 'boolean', default: false, description: 'keep no record of it' },
              all: { type: 'boolean', default: false, description: 'needed where nothing else is said' },
            },
          },
          response: { 200: changed, ...refusals },
        },
      },
      async ({ query, ip }) => {
        const { silent, all, ...selected } = query
        if (!all && Object.keys(selected).length === 0)
          throw new HttpProblem(
            400,
            'http/parameter',
            'it is not said which entries are meant',
            'choose some, or say all=true',
          )
        return remove(manager, queryOf(selected), { by: `http ${ip}`, silent })
      },
    )
  }
