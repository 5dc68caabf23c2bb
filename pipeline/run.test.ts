import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { Tally } from '../operators/meter.ts'
import type { Part } from '../operators/flow.ts'
import { FakeEngine, LineFramer } from '../operators/testing/fakes.ts'
import { limits } from './limits.ts'
import { Pace } from './pace.ts'
import { run, type Run } from './run.ts'
import { sourcesOf } from './sources/index.ts'
import { openStore } from './store/lmdb.ts'
import { MemoryStore } from './store/memory.ts'
import type { Store } from './store/store.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-run-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

interface Outcome {
  readonly tally: Tally
  readonly notes: string[]
  readonly parts: Part[]
}

async function running(names: string[], store: Store, changed: Partial<Run> = {}): Promise<Outcome> {
  const tally = new Tally()
  const notes: string[] = []
  const parts: Part[] = []
  const sink = { write: async (part: Part): Promise<void> => void parts.push(part) }
  await run({
    sources: names.flatMap(sourcesOf),
    store,
    engine: new FakeEngine(),
    framer: () => new LineFramer(),
    sinks: [sink],
    tally,
    commit: 'group',
    limits,
    pace: new Pace(limits),
    signal: new AbortController().signal,
    note: (text) => notes.push(text),
    ...changed,
  })
  return { tally, notes, parts }
}

const file = (name: string, content: string): string => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

test('takes in all sources to their end, in order', async () => {
  const one = file('one', 'a\nb\n!fault\nc\n')
  const two = file('two', 'd\n')
  const { tally, parts } = await running([one, two], new MemoryStore())
  expect(tally).toMatchObject({ accepted: 4, bytes: 15 })
  expect([...tally.faults]).toEqual([['cesr/test', 1]])
  expect(parts.map(({ work }) => work.kind === 'frames' && work.origin.name)).toEqual(
    expect.arrayContaining([one, two]),
  )
})

test('a file is taken up where the database stands, also after its last message was cut off by the end', async () => {
  const path = file('grows', 'a\nb\n')
  const store = await openStore(join(directory, 'db'))
  expect((await running([path], store)).tally.accepted).toBe(2)
  appendFileSync(path, 'c\n')
  const { tally, notes } = await running([path], store)
  expect(tally.accepted).toBe(1)
  expect(notes).toEqual([`${path}: going on at byte 4`])
  expect((await running([path], store)).tally).toMatchObject({ accepted: 0, bytes: 0 })
  await store.close()
})

test('commit: each puts every message into a transaction of its own', async () => {
  const { parts } = await running([file('three', 'a\nb\nc\n')], new MemoryStore(), { commit: 'each' })
  expect(parts.map(({ settled }) => settled?.verdicts.length)).toEqual(expect.arrayContaining([1, 1, 1]))
  expect(parts.every(({ settled }) => (settled?.verdicts.length ?? 0) <= 1)).toBe(true)
})

test('a store that fails ends the run with its error', async () => {
  const store = new MemoryStore(1)
  await expect(running([file('a', 'a\nb\n')], store)).rejects.toMatchObject({ code: 'store/memory-full' })
})

test('a listener runs until it is stopped, and what came before is kept', async () => {
  const stop = new AbortController()
  const path = join(directory, 'socket')
  const outcome = running([`unix:${path}`], new MemoryStore(), {
    signal: stop.signal,
    note: () => connect(path).end('a\nb\n'),
    sinks: [
      {
        write: async ({ last, settled }): Promise<void> =>
          void (last && settled && setTimeout(() => stop.abort(), 20)),
      },
    ],
  })
  expect((await outcome).tally.accepted).toBe(2)
})
