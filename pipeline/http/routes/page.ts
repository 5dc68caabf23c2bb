import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'

import { verdictNames } from '../../../native/batch.ts'
import { escrowKinds, faultCodes, rejectCodes } from '../../../native/layout.ts'
import { packageRoot } from '../../../native/root.ts'
import { evidenceKind } from '../../escrow/entry.ts'
import { limits } from '../../limits.ts'
import { HttpProblem } from '../context.ts'

/** Of the files of the page: its pages and styles as they are, its code as it is built, streams to look at. */
const folders = ['ui', join('dist', 'ui'), 'examples'].map((folder) => join(packageRoot(), folder))
const types: Readonly<Record<string, string>> = {
  '.cesr': 'application/cesr',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The page loads nothing from elsewhere, runs no code but its own, and stands in no frame. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache',
}

interface PageFile {
  readonly type: string
  readonly bytes: Buffer
  readonly etag: string
}

/** The page for people, at /ui. */
export const pageRoutes: FastifyPluginAsync = async (app) => {
  const files = pageFiles()
  const hidden = { schema: { hide: true } }
  app.get('/', hidden, async (_, reply) => reply.redirect('/ui'))
  app.get('/ui', hidden, async (request, reply) => send(files.get('index.html'), request, reply))
  app.get('/ui/', hidden, async (_, reply) => reply.redirect('/ui'))
  app.get<{ Params: { file: string } }>('/ui/:file', hidden, async (request, reply) =>
    send(files.get(request.params.file), request, reply),
  )
}

async function send(
  file: PageFile | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (!file) throw new HttpProblem(404, 'http/path', `there is no ${request.url}`, 'the page is at /ui')
  reply.headers(headers).header('ETag', file.etag).type(file.type)
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
  return reply.send(file.bytes)
}

function pageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>()
  for (const folder of folders.filter((each) => existsSync(each)))
    for (const name of readdirSync(folder)) {
      const type = types[extname(name)]
      if (type !== undefined) files.set(name, pageFile(type, readFileSync(join(folder, name))))
    }
  const samples = [...files.keys()].filter((name) => name.endsWith('.cesr'))
  files.set('words.json', pageFile('application/json', Buffer.from(JSON.stringify({ ...words(), samples }))))
  return files
}

const pageFile = (type: string, bytes: Buffer): PageFile => ({
  type,
  bytes,
  etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`,
})

/** The names that the page meets, and what codes of refusals and faults mean. */
const words = (): object => ({
  codes: Object.fromEntries([...rejectCodes.values(), ...faultCodes].map(({ code, text }) => [code, text])),
  kinds: escrowKinds.map(({ name }) => name).filter((name) => name !== evidenceKind),
  verdicts: verdictNames,
  inspectBytes: limits.inspectBytes,
})
