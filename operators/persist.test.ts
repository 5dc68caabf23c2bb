import { Subject } from 'rxjs'
import { expect, test } from 'vitest'

import type { Part } from './flow.ts'
import { persist } from './persist.ts'
import { batchOf, FakeEngine, FakeStore, settledTurns } from './testing/fakes.ts'

const bytesText = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

const checkpoint = (position: number): [string, Uint8Array] => ['source/x', Buffer.from(`${position}`)]

function partOf(part: bigint, last: boolean, released: bigint[]): Part {
  return {
    work: {
      kind: 'frames',
      origin: { id: 1, name: 'test', checkpoint },
      source: new Uint8Array(0),
      spans: new Uint32Array(0),
      faults: [],
      at: 0,
      position: 42,
      resume: 42,
      ack: () => undefined,
    },
    settled: { part, verdicts: batchOf([]) },
    last,
    release: () => released.push(part),
  }
}

function running(): {
  parts: Subject<Part>
  engine: FakeEngine
  store: FakeStore
  passed: Part[]
  errors: unknown[]
} {
  const parts = new Subject<Part>()
  const engine = new FakeEngine()
  const store = new FakeStore()
  const passed: Part[] = []
  const errors: unknown[] = []
  const stored = parts.pipe(persist(engine, store, { records: () => [['clock', Buffer.from('now')]] }))
  stored.subscribe({ next: (part) => passed.push(part), error: (error) => errors.push(error) })
  return { parts, engine, store, passed, errors }
}

test('a part passes, and the engine hears of it, only when it is on disk', async () => {
  const released: bigint[] = []
  const { parts, engine, store, passed } = running()
  parts.next(partOf(1n, true, released))
  await settledTurns()
  expect([passed.length, engine.calls.length, released.length]).toEqual([0, 0, 0])
  store.commits[0]?.done()
  await settledTurns()
  expect(passed).toHaveLength(1)
  expect(engine.calls).toEqual(['committed 1'])
  expect(released).toEqual([1n])
})

test('the position goes into the transaction of the last part, the clock into each', async () => {
  const { parts, store } = running()
  parts.next(partOf(1n, false, []))
  parts.next(partOf(2n, true, []))
  await settledTurns()
  expect(store.commits.map(({ meta }) => bytesText(meta.get('source/x')))).toEqual(['', '42'])
  expect(store.commits.map(({ meta }) => bytesText(meta.get('clock')))).toEqual(['now', 'now'])
})

test('a part that is cut off stores the position behind its last message, so that none is judged twice', async () => {
  const { parts, store } = running()
  const { work, ...part } = partOf(1n, false, [])
  const spans = Uint32Array.of(0, 5, 9, 0, 9, 20, 30, 0, 30, 40, 44, 0)
  const frames = { ...work, spans, at: 100 } as Part['work']
  parts.next({ ...part, work: frames, settled: { part: 1n, verdicts: batchOf([{}, {}]) } })
  await settledTurns()
  expect(bytesText(store.commits[0]?.meta.get('source/x'))).toBe('130')
})

test('transactions overlap, and parts pass in order', async () => {
  const { parts, store, passed } = running()
  parts.next(partOf(1n, true, []))
  parts.next(partOf(2n, true, []))
  await settledTurns()
  expect(store.commits).toHaveLength(2)
  store.commits[1]?.done()
  await settledTurns()
  expect(passed).toHaveLength(0)
  store.commits[0]?.done()
  await settledTurns()
  expect(passed.map(({ settled }) => settled?.part)).toEqual([1n, 2n])
})

test('a failed transaction ends the stream; nothing passes', async () => {
  const { parts, store, passed, errors } = running()
  parts.next(partOf(1n, true, []))
  parts.next(partOf(2n, true, []))
  await settledTurns()
  store.commits[1]?.fail(new Error('second'))
  store.commits[0]?.fail(new Error('first'))
  await settledTurns()
  expect(errors).toMatchObject([{ message: 'first' }])
  expect(passed).toHaveLength(0)
})
