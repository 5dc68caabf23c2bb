import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { setImmediate } from 'node:timers/promises'

import type { FastifyPluginAsync, FastifyReply } from 'fastify'

import { loggedAt, stateAt } from '../../history.ts'
import { aidBytes, placeOf, replayed } from '../../replay.ts'
import { pacedScan } from '../../store/paced.ts'
import { why } from '../../escrow/why.ts'
import { HttpProblem, type HttpContext } from '../context.ts'
import { cesr, decimal, keyState, nothing, primitive, problem, why as whySchema } from '../schemas.ts'

const unknown = (aid: string): HttpProblem =>
  new HttpProblem(404, 'http/unknown', `nothing of ${aid} was accepted`, `GET /v1/why/${aid} says what waits`)

/** What the events prove: key states, logs, and why something is not in them. */
export const stateRoutes =
  ({ manager, limits }: HttpContext): FastifyPluginAsync =>
  async (app) => {
    const { addon, store } = manager

    app.get<{ Params: { aid: string }; Querystring: { sn?: string; fn?: string } }>(
      '/v1/state/:aid',
      {
        schema: {
          summary: 'The key state of an AID; with sn or fn as it was when that event was the last one.',
          params: { type: 'object', properties: { aid: primitive }, required: ['aid'] },
          querystring: { type: 'object', properties: { sn: decimal, fn: decimal } },
          response: { 200: keyState, 400: problem, 404: problem },
        },
        serializerCompiler: () => (value) => value as string,
      },
      async ({ params: { aid }, query: { sn, fn } }, reply) => {
        const value = store.get('aids', aidBytes(aid))
        const now = (): string | undefined => (value && addon.keyState(aid, value, true)) ?? undefined
        const when = sn === undefined ? fn && { fn: Number(fn) } : { sn: BigInt(sn) }
        const state = when ? stateAt(addon, store, aid, when) : now()
        if (state === undefined) throw unknown(aid)
        return reply.type('application/json').send(state)
      },
    )

    app.get<{ Params: { aid: string }; Querystring: { from: string } }>(
      '/v1/kel/:aid',
      {
        schema: {
          summary: 'The key event log of an AID in first-seen order, from a sequence number on.',
          params: { type: 'object', properties: { aid: primitive }, required: ['aid'] },
          querystring: { type: 'object', properties: { from: { ...decimal, default: '0' } } },
          produces: ['application/cesr'],
          response: {
            200: cesr,
            206: cesr,
            304: nothing,
            400: problem,
            404: problem,
            413: problem,
            416: problem,
          },
        },
      },
      async ({ params: { aid }, query: { from }, headers }, reply) => {
        if (loggedAt(addon, store, aid, 0n).length === 0) throw unknown(aid)
        const log = await kelOf(manager, aid, BigInt(from), limits.httpLogBytes)
        return sendRanged(reply, log, headers)
      },
    )

    app.get<{ Params: { said: string } }>(
      '/v1/why/:said',
      {
        schema: {
          summary: 'What an event (by SAID, or AID@SN) waits for, since when, and who could supply it.',
          description:
            'A place, an inception and what waits are found at once. For the SAID of another accepted event, or one that is unknown, all logs are read, in pages, for one request after the other: seconds for a million events.',
          params: {
            type: 'object',
            properties: { said: { type: 'string', pattern: '^[A-Za-z0-9_-]{44,88}(@[0-9]{1,39})?$' } },
            required: ['said'],
          },
          response: { 200: whySchema, 400: problem, 404: problem },
        },
      },
      async ({ params: { said } }) => {
        const answer = await why(manager, said)
        if (answer) return answer
        throw new HttpProblem(404, 'http/unknown', `${said} is neither in a log nor does it wait`)
      },
    )
  }

/** A log as bytes; the event loop turns while it is read. */
async function kelOf(
  manager: HttpContext['manager'],
  aid: string,
  from: bigint,
  bytesMax: number,
): Promise<Buffer> {
  const { addon, store, pageRecords } = manager
  const ordinals: bigint[] = []
  for await (const { key, value } of pacedScan(manager, 'kel', { prefix: aidBytes(aid) }))
    if (placeOf(key).sn >= from) ordinals.push(...addon.ordinals(value))
  const messages: Uint8Array[] = []
  let bytes = 0
  for (const [index, ordinal] of ordinals.toSorted((a, b) => (a < b ? -1 : 1)).entries()) {
    if (index % pageRecords === 0) await setImmediate()
    const message = replayed(addon, store, ordinal)
    bytes += message.length
    if (bytes > bytesMax)
      throw new HttpProblem(
        413,
        'http/too-large',
        `the log has more than ${bytesMax} bytes`,
        'ask for it ?from= a later event',
      )
    messages.push(message)
  }
  return Buffer.concat(messages)
}

/** Sends bytes whole, or the one range that was asked for, or nothing if they are known. */
function sendRanged(reply: FastifyReply, bytes: Buffer, headers: IncomingHttpHeaders): FastifyReply {
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`
  reply.header('ETag', etag).header('Accept-Ranges', 'bytes').type('application/cesr')
  if (headers['if-none-match'] === etag) return reply.code(304).send()
  const fresh = headers['if-range'] === undefined || headers['if-range'] === etag
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(fresh ? (headers.range ?? '') : '') ?? []
  if ((first ?? '') === '' && (last ?? '') === '') return reply.send(bytes)
  const start = first ? Number(first) : Math.max(0, bytes.length - Number(last))
  const end = first && last ? Math.min(Number(last) + 1, bytes.length) : bytes.length
  if (start >= end) {
    reply.header('Content-Range', `bytes */${bytes.length}`)
    throw new HttpProblem(416, 'http/range', `the log has ${bytes.length} bytes`)
  }
  return reply
    .code(206)
    .header('Content-Range', `bytes ${start}-${end - 1}/${bytes.length}`)
    .send(bytes.subarray(start, end))
}
