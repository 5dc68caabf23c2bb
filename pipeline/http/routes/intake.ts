import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'

import { ilkNames } from '../../../native/layout.ts'
import { summaryOf } from '../../summary.ts'
import { HttpProblem, requireToken, type HttpContext } from '../context.ts'
import { TooMany } from '../deliveries.ts'
import { nothing, problem, summary } from '../schemas.ts'

/** What is needed to take streams in. */
export type IntakeContext = Pick<HttpContext, 'limits' | 'deliveries' | 'openIntake' | 'token'>

/** Content types that carry CESR; parameters are ignored. */
const messageType = 'application/cesr+json'
const streamType = 'application/cesr'

/** Takes CESR in, as the reference's clients send it: one message with its attachments in a header, or a stream. */
export const intakeRoutes =
  (context: IntakeContext): FastifyPluginAsync =>
  async (app) => {
    const { limits, openIntake } = context
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      messageType,
      { parseAs: 'buffer' },
      async (_: FastifyRequest, body: Buffer) => body,
    )
    app.addContentTypeParser(streamType, async (_: FastifyRequest, body: AsyncIterable<Uint8Array>) => body)
    const guard = openIntake ? {} : { onRequest: requireToken(context) }
    const schema = {
      security: openIntake ? [] : [{ token: [] }],
      consumes: [messageType, streamType],
      response: {
        200: summary,
        204: nothing,
        400: problem,
        401: problem,
        406: problem,
        412: problem,
        413: problem,
        503: problem,
      },
    }
    app.post(
      '/',
      {
        ...guard,
        schema: { ...schema, summary: 'Take one message; its attachments are in CESR-ATTACHMENT.' },
      },
      async (request, reply) => {
        const attachment = request.headers['cesr-attachment']
        const isStream = attachment === undefined && !isMessage(request)
        if (isStream) return deliver(context, request, reply, limited(streamOf(request), limits.httpLogBytes))
        if (typeof attachment !== 'string')
          throw new HttpProblem(412, 'http/attachment', 'the header CESR-ATTACHMENT is missing')
        const body = await whole(request, limits.httpMessageBytes)
        const { text, type } = messageOf(body)
        const message = Buffer.from(text + attachment, 'latin1')
        return deliver(context, request, reply, [message], type === 'rct' ? 200 : 204)
      },
    )
    app.put(
      '/',
      { ...guard, schema: { ...schema, summary: 'Take a stream of messages.' } },
      async (request, reply) =>
        deliver(context, request, reply, limited(streamOf(request), limits.httpLogBytes)),
    )
  }

const isMessage = ({ headers }: FastifyRequest): boolean =>
  (headers['content-type'] ?? '').startsWith(messageType)

const streamOf = ({ body }: FastifyRequest): Iterable<Uint8Array> | AsyncIterable<Uint8Array> =>
  Buffer.isBuffer(body) ? [body] : ((body as AsyncIterable<Uint8Array> | undefined) ?? [])

async function* limited(
  stream: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const piece of stream) {
    bytes += piece.length
    if (bytes > bytesMax)
      throw new HttpProblem(
        413,
        'http/too-large',
        `a stream may have ${bytesMax} bytes; what came before is kept`,
        'send the rest in further requests',
      )
    yield piece
  }
}

async function whole(request: FastifyRequest, bytesMax: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of limited(streamOf(request), bytesMax)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** The message in the bytes that its signatures are over: without the white space that a client may have put in. */
function messageOf(body: Buffer): { text: string; type: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new HttpProblem(400, 'http/json', `the body is no JSON: ${String(error)}`)
  }
  const { t: type, v: versionString } = (parsed ?? {}) as { t?: unknown; v?: unknown }
  if (typeof type !== 'string' || !(ilkNames as readonly string[]).includes(type))
    throw new HttpProblem(400, 'http/message-type', 'the field t is no type of message')
  const [, size] = /^KERI\d\dJSON([0-9a-f]{6})_$/.exec(String(versionString)) ?? []
  const asSent = size !== undefined && Number.parseInt(size, 16) === body.length
  return { text: asSent ? body.toString('latin1') : latin1(JSON.stringify(parsed)), type }
}

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** Answers when all is on disk: with nothing, or with the counts for those who ask for JSON. */
async function deliver(
  { deliveries }: IntakeContext,
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  quiet = 204,
): Promise<FastifyReply> {
  const start = performance.now()
  try {
    const tally = await deliveries.take({ name: `http ${request.ip}`, bytes: asyncOf(bytes) })
    reply.header('Cache-Control', 'no-cache')
    if (!(request.headers.accept ?? '').includes('application/json')) return await reply.code(quiet).send()
    return await reply.code(200).send(summaryOf(tally, (performance.now() - start) / 1000))
  } catch (error) {
    if (!(error instanceof TooMany)) throw error
    reply.header('Retry-After', '1')
    throw new HttpProblem(503, 'http/busy', 'too much is on its way already', 'come again in a second')
  }
}

async function* asyncOf(bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* bytes
}
