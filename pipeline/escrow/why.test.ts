import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { digest, kel, stream } from '../../tests/boundary/kel.ts'
import { spansOf } from '../../tests/boundary/harness.ts'
import { examples } from '../../tests/support/cli.ts'
import type { StoreReader } from '../store/store.ts'
import type { EscrowReader } from './list.ts'
import { taken, type Taken } from './testing/waiting.ts'
import { why, whyText, type Reason, type Why } from './why.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-why-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const file = (messages: readonly (Uint8Array | undefined)[]): string => {
  const path = join(directory, `${Math.random()}.cesr`)
  writeFileSync(path, stream(messages.filter((message) => message !== undefined)))
  return path
}

interface Message {
  readonly bytes: Uint8Array
  readonly body: Readonly<Record<'t' | 'd' | 'i' | 's', string>>
}

/** The messages of a sample, one by one. */
function messagesOf(name: string): Message[] {
  const source = new Uint8Array(readFileSync(join(examples, name)))
  const spans = spansOf(source)
  return Array.from({ length: spans.length / 4 }, (_, index) => {
    const [start, bodyEnd, end] = spans.subarray(index * 4, index * 4 + 3)
    const body = JSON.parse(Buffer.from(source.subarray(start, bodyEnd)).toString()) as Message['body']
    return { bytes: source.subarray(start, end), body }
  })
}

const reader = (from: Taken): EscrowReader => ({ ...from, pageRecords: 3 })
const reasonsOf = (answer: Why | undefined): Reason[] =>
  answer?.waiting.flatMap(({ reasons }) => [...reasons]) ?? []

test('an event out of order names the events before it, and who has them', async () => {
  const { aid, messages, saids } = kel(0, 6)
  const database = await taken([file([messages[0], messages[4]])])
  const answer = await why(reader(database), saids[4] ?? '')
  expect(answer).toMatchObject({ aid, sn: '4', accepted: [] })
  const [reason] = reasonsOf(answer)
  expect(reason?.missing).toBe(`the events sn 1 to 3 of ${aid}; the last one accepted is sn 0, ${saids[0]}`)
  expect(reason?.suppliers).toEqual([{ role: 'controller', id: aid }])
  expect(await why(reader(database), `${aid}@4`)).toEqual(answer)
})

// Goal: those who ask for what is nowhere stop nobody else, however many they are. Method: note how much is read in one turn of the event loop.
test('all logs are looked through a page at a time, and the event loop turns between', async () => {
  const logs = [0, 1, 2].map((seed) => kel(seed, 9))
  const database = await taken([file(logs.flatMap(({ messages }) => messages))])
  const { aid, saids } = logs.toSorted((a, b) => (a.aid < b.aid ? -1 : 1)).at(-1) ?? kel(0, 9)
  const turns: number[] = [0]
  const noted: Pick<StoreReader, 'get' | 'scan'> = {
    get: (table, key) => database.store.get(table, key),
    scan: function* (table, range) {
      for (const record of database.store.scan(table, range)) {
        if (table === 'kel') turns.push((turns.pop() ?? 0) + 1)
        yield record
      }
    },
  }
  const store = Object.assign(Object.create(database.store) as StoreReader, noted)
  const turn = (): void => {
    turns.push(0)
    // The test has its end in few turns; one that fails must not keep the process.
    if (turns.length < 1000) setImmediate(turn)
  }
  setImmediate(turn)
  for (const [asked, answer] of [
    [saids[8] ?? '', { aid, sn: '8', accepted: [saids[8]] }],
    [digest('nothing'), undefined],
  ] as const) {
    const before = turns.length
    const asking = Array.from({ length: 3 }, async () => why({ ...reader(database), store }, asked))
    for (const found of await Promise.all(asking))
      if (answer) expect(found).toMatchObject(answer)
      else expect(found).toBeUndefined()
    const read = turns.slice(before - 1)
    expect(read.reduce((sum, each) => sum + each)).toBe(3 * 27)
    // In one turn a search may end and the next one begin.
    expect(Math.max(...read)).toBeLessThanOrEqual(2 * 3)
  }
})

test('of a chain that waits, the first of it says what is really missing', async () => {
  const { aid, messages, saids } = kel(0, 6)
  const database = await taken([file([messages[3], messages[4], messages[5]])])
  const answer = await why(reader(database), saids[5] ?? '')
  expect(answer?.behind).toMatchObject({ aid, sn: '3' })
  expect(whyText(answer as Why)).toContain(
    `needs its inception, and its events up to sn 2: nothing of ${aid} was accepted yet`,
  )
})

test('receipts and signatures: how many of how many, which are there and which are missing', async () => {
  const database = await taken([join(examples, 'waiting.cesr')])
  const reasons: Reason[] = []
  for (const { body } of messagesOf('waiting.cesr'))
    reasons.push(...reasonsOf(await why(reader(database), `${body.i}@${Number.parseInt(body.s, 16)}`)))
  const of = (awaits: string): Reason | undefined => reasons.find((reason) => reason.awaits === awaits)
  const receipts = of('witness-receipts')
  expect(receipts?.missing).toMatch(/^1 of 2 witness receipts, 2 needed: have B\S{43}; missing B\S{43}$/)
  expect(receipts?.suppliers).toEqual([{ role: 'witness', id: receipts?.detail.missing?.[0] }])
  expect(of('signatures')?.missing).toMatch(
    /^1 of 2 signatures by the current keys, 2 needed: have D\S{43}; missing D\S{43}$/,
  )
  expect(of('event')?.missing).toMatch(/^the event that it is a receipt of: E\S{43} sn 0, E\S{43}$/)
})

test('a delegated event names its delegator, and then the anchor that its log lacks', async () => {
  const messages = messagesOf('delegated.cesr')
  const delegated = messages.find(({ body }) => body.t === 'dip')
  const inception = messages.find(({ body }) => body.t === 'icp')
  const delegator = inception?.body.i ?? ''
  const said = delegated?.body.d ?? ''
  const alone = await taken([file([delegated?.bytes])])
  const [unknown] = reasonsOf(await why(reader(alone), said))
  expect(unknown?.missing).toBe(`the key event log of its delegator ${delegator}, of whom nothing is known`)
  expect(unknown?.suppliers).toEqual([{ role: 'delegator', id: delegator }])
  const known = await taken([file([inception?.bytes, delegated?.bytes])])
  const [unanchored] = reasonsOf(await why(reader(known), said))
  expect(unanchored?.missing).toMatch(
    new RegExp(
      `^an event of its delegator ${delegator} that anchors ${said} sn 0; its event sn \\d+, E\\S{43}, was named`,
    ),
  )
})

test('evidence waits for nothing, what is accepted is said to be, what is superseded too, and what is unknown is not known', async () => {
  const database = await taken([join(examples, 'duplicitous.cesr'), join(examples, 'recovered.cesr')])
  const recovered = messagesOf('recovered.cesr')
  const rotation = recovered.find(({ body }) => body.t === 'rot')
  const answer = await why(reader(database), rotation?.body.d ?? '')
  expect(answer?.accepted.at(-1)).toBe(rotation?.body.d)
  expect(answer?.accepted).toHaveLength(2)
  const evidence = messagesOf('duplicitous.cesr').map(({ body }) => body.d)
  const texts: string[] = []
  for (const said of evidence) texts.push(whyText((await why(reader(database), said)) as Why))
  expect(texts.join('\n')).toMatch(/kept as evidence, because E\S{43} was accepted at its place/)
  expect(await why(reader(database), 'ENothing')).toBeUndefined()
})
