import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'

import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { kel, stream, variant } from './boundary/kel.ts'
import { examples, kelpipe, startKelpipe } from './support/cli.ts'
import { numberOf } from './support/metrics.ts'

const token = 'a token'
const directory = mkdtempSync(join(tmpdir(), 'kelpipe-http-'))
const store = join(directory, 'db')
let child: ChildProcess
let base = ''

// Everything below is about one server: seeds 0 and 1 are whole logs, 2 is duplicitous, 3 waits.
beforeAll(async () => {
  const file = join(directory, 'all.cesr')
  const waiting = kel(3, 6).messages.slice(3)
  writeFileSync(
    file,
    stream([
      ...kel(0, 4).messages,
      ...kel(1, 2).messages,
      ...kel(2, 3).messages,
      variant(2, 1).message,
      ...waiting,
    ]),
  )
  kelpipe(['ingest', file, join(examples, 'waiting.cesr'), '--store', store])
  child = startKelpipe(['serve', '--store', store, '--http', '127.0.0.1:0', '--token', token])
  let said = ''
  for await (const piece of child.stderr ?? []) {
    said += String(piece)
    base = /answering on (http:\S+)/.exec(said)?.[1] ?? ''
    if (base !== '') break
  }
})
afterAll(async () => {
  child.kill('SIGINT')
  if (child.exitCode === null) await once(child, 'exit')
  rmSync(directory, { recursive: true, force: true })
})

const authorization = { Authorization: `Bearer ${token}` }
const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(base + path, { headers })
const json = async (path: string): Promise<unknown> => (await get(path)).json()
const put = async (bytes: Uint8Array, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(base + '/', {
    method: 'PUT',
    body: new Uint8Array(bytes),
    headers: { 'Content-Type': 'application/cesr', ...authorization, ...headers },
  })

test('key state, as it is and as it was', async () => {
  const { aid, saids } = kel(0, 4)
  expect(await json(`/v1/state/${aid}`)).toMatchObject({ i: aid, s: '3', d: saids[3] })
  expect(await json(`/v1/state/${aid}?sn=1`)).toMatchObject({ s: '1', d: saids[1] })
  expect(await json(`/v1/state/${aid}?fn=2`)).toMatchObject({ s: '2', f: '2' })
  const unknown = await get(`/v1/state/${'E'.repeat(44)}`)
  expect(unknown.status).toBe(404)
  expect(await unknown.json()).toMatchObject({ code: 'http/unknown', title: 'http/unknown' })
  expect((await get('/v1/state/short')).status).toBe(400)
})

test('a log comes as CESR, whole, from an event on, by range, and not again if it is known', async () => {
  const { aid } = kel(0, 4)
  const whole = await get(`/v1/kel/${aid}`)
  expect(whole.headers.get('content-type')).toBe('application/cesr')
  const bytes = Buffer.from(await whole.arrayBuffer())
  expect(kelpipe(['export', aid, '--store', store]).stdout).toBe(bytes.toString())
  const etag = whole.headers.get('etag') ?? ''
  expect((await get(`/v1/kel/${aid}`, { 'If-None-Match': etag })).status).toBe(304)
  const rest = await get(`/v1/kel/${aid}?from=2`)
  expect((await rest.text()).match(/"t":"ixn"/g)).toHaveLength(2)
  const range = await get(`/v1/kel/${aid}`, { Range: 'bytes=10-19' })
  expect([range.status, range.headers.get('content-range')]).toEqual([206, `bytes 10-19/${bytes.length}`])
  expect(await range.text()).toBe(bytes.subarray(10, 20).toString())
  expect(await (await get(`/v1/kel/${aid}`, { Range: 'bytes=-5' })).text()).toBe(
    bytes.subarray(-5).toString(),
  )
  expect((await get(`/v1/kel/${aid}`, { Range: `bytes=${bytes.length}-` })).status).toBe(416)
})

test('what waits, why, and evidence', async () => {
  const { aid, saids } = kel(3, 6)
  const first = (await json(`/v1/escrow?aid=${aid}&limit=2`)) as { entries: { sn: string }[]; next: string }
  expect(first.entries.map(({ sn }) => sn)).toEqual(['3', '4'])
  expect(await json(`/v1/escrow?aid=${aid}&limit=2&after=${first.next}`)).toMatchObject({
    entries: [{ sn: '5' }],
  })
  const all = await get(`/v1/escrow?aid=${aid}`, { Accept: 'application/x-ndjson' })
  expect(all.headers.get('content-type')).toBe('application/x-ndjson')
  const lines = (await all.text()).trim().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { sn: string }).sn)).toEqual(['3', '4', '5'])
  expect(await json(`/v1/escrow/${saids[3]}`)).toMatchObject({
    entries: [{ said: saids[3], annotated: expect.any(String) as string }],
  })
  expect(await json('/v1/escrow/stats')).toMatchObject({
    kinds: { 'out-of-order': { entries: 4 } },
    evidence: 1,
  })
  expect(await json(`/v1/why/${saids[3]}`)).toMatchObject({
    aid,
    sn: '3',
    waiting: [{ reasons: [{ awaits: 'inception' }] }],
  })
  expect(await json(`/v1/why/${aid}@5`)).toMatchObject({ behind: { sn: '3' } })
  const duplicitous = kel(2, 3)
  expect(await json('/v1/duplicity')).toMatchObject({
    evidence: [
      {
        aid: duplicitous.aid,
        sn: '1',
        accepted: { said: duplicitous.saids[1] },
        other: { said: variant(2, 1).said },
      },
    ],
  })
  const file = join(directory, 'evidence.cesr')
  writeFileSync(file, await (await get('/v1/duplicity/export')).text())
  expect(kelpipe(['verify', file]).status).toBe(5)
})

test('who changes something needs the token', async () => {
  const paths = [
    ['POST', '/v1/escrow/retry'],
    ['DELETE', '/v1/escrow?all=true'],
    ['PUT', '/'],
    ['POST', '/'],
  ]
  for (const [method = '', path = ''] of paths)
    for (const headers of [{}, { Authorization: 'Bearer another' }, { Authorization: token }]) {
      const refused = await fetch(base + path, { method, headers })
      expect([method, path, refused.status]).toEqual([method, path, 401])
    }
  expect((await get('/v1/escrow/stats')).status).toBe(200)
})

test('entries are tried again and taken out', async () => {
  const { aid } = kel(3, 6)
  const retried = await fetch(`${base}/v1/escrow/retry?aid=${aid}`, {
    method: 'POST',
    headers: authorization,
  })
  expect(await retried.json()).toEqual({ type: 'escrow-retry', entries: 3, became: {} })
  const nothing = await fetch(`${base}/v1/escrow`, { method: 'DELETE', headers: authorization })
  expect(nothing.status).toBe(400)
  const removed = await fetch(`${base}/v1/escrow?aid=${aid}&sn=5`, {
    method: 'DELETE',
    headers: authorization,
  })
  expect(await removed.json()).toEqual({ type: 'escrow-remove', entries: 1, became: { removed: 1 } })
  expect(kelpipe(['escrow', 'audit', '--json', '--store', store]).stdout).toContain('"by":"http 127.0.0.1"')
})

test('a stream is taken in, and answered when it is on disk', async () => {
  const { aid, messages } = kel(10, 50)
  const taken = await put(stream(messages), { Accept: 'application/json' })
  expect(await taken.json()).toMatchObject({ type: 'summary', accepted: 50, faults: 0 })
  expect(await json(`/v1/state/${aid}`)).toMatchObject({ s: '31' })
  expect((await put(stream(messages))).status).toBe(204)
  const cut = await put(stream(messages).subarray(0, 100), { Accept: 'application/json' })
  expect(await cut.json()).toMatchObject({ accepted: 0, faults: 1 })
})

test('a message comes as the clients of the reference send it: the body, and a header with all that is attached', async () => {
  const post = async (body: string, headers: Record<string, string>): Promise<Response> =>
    fetch(base + '/', { method: 'POST', body, headers: { ...authorization, ...headers } })
  const type = { 'Content-Type': 'application/cesr+json' }
  const { aid, messages } = kel(11, 3)
  for (const [index, message] of messages.entries()) {
    const text = Buffer.from(message).toString()
    const at = text.indexOf('-A')
    const body = index === 1 ? JSON.stringify(JSON.parse(text.slice(0, at)), undefined, 1) : text.slice(0, at)
    const answer = await post(body, { ...type, 'CESR-ATTACHMENT': text.slice(at) })
    expect([answer.status, await answer.text()]).toEqual([204, ''])
  }
  expect(await json(`/v1/state/${aid}`)).toMatchObject({ s: '2' })
  expect((await post('{}', type)).status).toBe(412)
  expect((await post('{', { ...type, 'CESR-ATTACHMENT': '' })).status).toBe(400)
  expect((await post('{"t":"xyz"}', { ...type, 'CESR-ATTACHMENT': '' })).status).toBe(400)
  expect((await post('{}', { 'Content-Type': 'text/plain', 'CESR-ATTACHMENT': '' })).status).toBe(406)
  expect((await fetch(base + '/', { method: 'PATCH' })).status).toBe(405)
  expect((await get('/nowhere')).status).toBe(404)
})

test('a request whose attachments end too early takes nothing from the next one', async () => {
  const [icp = new Uint8Array(0), ixn = new Uint8Array(0)] = kel(12, 2).messages
  const tooMany = Buffer.from(Buffer.from(icp).toString().replace('-AAB', '-AAC'))
  await Promise.all([put(tooMany), put(icp)])
  expect(await (await put(ixn, { Accept: 'application/json' })).json()).toMatchObject({ accepted: 1 })
})

test('events come as they happen, and those that were missed come on return', async () => {
  const listening = await listen('/v1/events?verdict=accepted')
  const before = kel(13, 2)
  await put(stream(before.messages))
  const seen = await listening.next(2)
  expect(seen.map(({ data }) => data['said'])).toEqual(before.saids)
  listening.stop()
  const missed = kel(14, 2)
  await put(stream([...missed.messages, variant(14, 1).message]))
  const back = await listen('/v1/events', { 'Last-Event-ID': seen[0]?.id ?? '' })
  const rest = await back.next(4)
  expect(rest.map(({ event, data }) => [event, data['said']])).toEqual([
    ['verdict', before.saids[1]],
    ['verdict', missed.saids[0]],
    ['verdict', missed.saids[1]],
    ['duplicity', variant(14, 1).said],
  ])
  back.stop()
  const lost = await listen('/v1/events', { 'Last-Event-ID': 'deadbeef-1' })
  expect((await lost.next(1))[0]?.event).toBe('gap')
  lost.stop()
})

test('a stream is judged by itself and taken apart, and nothing of it is kept', async () => {
  const { aid, messages } = kel(20, 3)
  const [icp = new Uint8Array(0), , late = new Uint8Array(0)] = messages
  const sent = stream([icp, late, Buffer.from('{}'), variant(20, 1).message])
  const inspect = async (body: Uint8Array, type = 'application/cesr'): Promise<Response> =>
    fetch(`${base}/v1/inspect`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'Content-Type': type },
    })
  const answer = await inspect(sent)
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson')
  const lines = (await answer.text()).split('\n').filter((line) => line !== '')
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const judged = told.filter(({ type }) => type === 'verdict' || type === 'fault')
  expect(judged.map(({ verdict, code, escrow }) => verdict ?? code ?? escrow)).toEqual([
    'accepted',
    'escrowed',
    'cesr/version',
    'accepted',
    'rejected',
  ])
  const parts = told.filter(({ type, form }) => type === 'annotation' && form !== 'shown')
  expect(parts.reduce((at, { offset, size }) => (offset === at ? at + Number(size) : -1), 0)).toBe(
    sent.length,
  )
  expect(told.at(-1)).toEqual({ type: 'end' })
  expect((await get(`/v1/state/${aid}`)).status).toBe(404)
  expect((await inspect(sent, 'text/plain')).status).toBe(406)
  const head = 'POST /v1/inspect HTTP/1.1\r\nHost: x\r\nContent-Type: application/cesr\r\n'
  expect(await rawStatus(`${head}Content-Length: ${33 * 1024 * 1024}\r\n\r\n`)).toBe(413)
})

test('how the run stands comes once a second, the past first', async () => {
  const listening = await listen('/v1/live')
  const [history, sample] = await listening.next(2)
  expect(history).toMatchObject({
    event: 'history',
    data: { runs: { cpuPath: expect.any(String) as string } },
  })
  const number = expect.any(Number) as number
  const data = {
    messages: { accepted: number },
    waiting: { 'out-of-order': number },
    lagSeconds: { http: 0 },
  }
  expect(sample).toMatchObject({ event: 'sample', data })
  listening.stop()
})

test('it is alive, and ready', async () => {
  expect(await json('/health/live')).toMatchObject({ status: 'live' })
  expect(await json('/health/ready')).toEqual({ status: 'ready', reasons: [] })
})

test('a header beyond its limit is refused', async () => {
  const large = await rawStatus(`GET / HTTP/1.1\r\nHost: x\r\nLarge: ${'x'.repeat(300 * 1024)}\r\n\r\n`)
  expect(large).toBe(431)
})

test('metrics say what came and what is kept', async () => {
  const page = await (await get('/metrics')).text()
  expect(numberOf(page, 'kelpipe_store_records', { table: 'kel' })).toBeGreaterThan(8)
  expect(numberOf(page, 'kelpipe_source_read_bytes_total', { source: 'http' })).toBeGreaterThan(0)
})

// Goal: the description is true. Method: every path in it is asked, and what comes is held against its schema.
test('the OpenAPI description names every path, and what the server answers fits it', async () => {
  const api = (await json('/openapi.json')) as Api
  const ajv = new Ajv2020({ strict: false })
  const said = kel(3, 6).saids[3] ?? ''
  const values: Record<string, string> = { aid: kel(0, 4).aid, said }
  const asked: string[] = []
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, { responses, security = [] }] of Object.entries(methods)) {
      if (path === '/v1/events' || path === '/v1/live') continue
      const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
      const answer = await fetch(base + url, {
        method: method.toUpperCase(),
        headers: security.length > 0 ? authorization : {},
      })
      const described = responses[answer.status]
      expect(described, `${method} ${path} answers ${answer.status}`).toBeDefined()
      const schema = described?.content?.['application/json']?.schema
      const type = answer.headers.get('content-type') ?? ''
      if (schema && type.startsWith('application/json')) {
        const body: unknown = await answer.json()
        expect(ajv.validate(schema, body), `${method} ${path}: ${ajv.errorsText()}`).toBe(true)
      }
      asked.push(`${method} ${path}`)
    }
  expect(asked.toSorted()).toEqual([
    'delete /v1/escrow',
    'get /health/live',
    'get /health/ready',
    'get /metrics',
    'get /v1/duplicity',
    'get /v1/duplicity/export',
    'get /v1/escrow',
    'get /v1/escrow/stats',
    'get /v1/escrow/{said}',
    'get /v1/kel/{aid}',
    'get /v1/state/{aid}',
    'get /v1/why/{said}',
    'post /',
    'post /v1/escrow/retry',
    'post /v1/inspect',
    'put /',
  ])
})

interface Api {
  readonly paths: Record<
    string,
    Record<
      string,
      {
        readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>
        readonly security?: readonly object[]
      }
    >
  >
}

interface Heard {
  readonly id: string
  readonly event: string
  readonly data: Record<string, unknown>
}

/** Listens to events. */
async function listen(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ next(count: number): Promise<Heard[]>; stop(): void }> {
  const sent = request(base + path, { headers }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  const heard: Heard[] = []
  response.on('data', (piece: Buffer) => {
    text += piece.toString()
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
      if (field('data') === '') continue
      heard.push({ id: field('id'), event: field('event'), data: JSON.parse(field('data')) as Heard['data'] })
    }
  })
  return {
    next: async (count) => {
      while (heard.length < count) await once(response, 'data')
      return heard.splice(0, count)
    },
    stop: () => sent.destroy(),
  }
}

/** The status that raw bytes are answered with. */
async function rawStatus(bytes: string): Promise<number> {
  const { hostname, port } = new URL(base)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.write(bytes)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer.toString())?.[1])
}
