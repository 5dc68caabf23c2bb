import { Subject } from 'rxjs'
import { expect, test } from 'vitest'

import type { Frames, Part, Work } from './flow.ts'
import { FakeEngine, FakeStore, settledTurns } from './testing/fakes.ts'
import { verify } from './verify.ts'

const bytes = Buffer.from('m0m1m2m3')

const batch = (messages: number, name = 0): Frames => ({
  kind: 'frames',
  origin: { id: 7, name: 'test' },
  source: bytes.subarray(name * 2),
  spans: Uint32Array.from(
    Array.from({ length: messages }, (_, index) => [index * 2, index * 2 + 2, index * 2 + 2, 0]).flat(),
  ),
  faults: [],
  at: 0,
  position: messages * 2,
  resume: messages * 2,
  ack: () => undefined,
})

function running(
  engine: FakeEngine,
  partsInFlight = 2,
): { work: Subject<Work>; parts: Part[]; errors: unknown[]; store: FakeStore } {
  const work = new Subject<Work>()
  const store = new FakeStore()
  const parts: Part[] = []
  const errors: unknown[] = []
  const verified = work.pipe(verify(engine, store, { partsInFlight, now: () => 0n }))
  verified.subscribe({ next: (part) => parts.push(part), error: (error) => errors.push(error) })
  return { work, parts, errors, store }
}

test('prepares the next batch while one settles, and settles in order', async () => {
  const engine = new FakeEngine()
  const { work, parts } = running(engine)
  work.next(batch(1, 0))
  work.next(batch(1, 1))
  await settledTurns()
  expect(engine.calls).toEqual(['prepare m0', 'prepare m1', 'settle first', 'settle first'])
  expect(parts.map(({ settled }) => settled?.part)).toEqual([1n, 2n])
})

test('answers what is missing until nothing is', async () => {
  const engine = new FakeEngine(1000, 2)
  const { work, parts, store } = running(engine)
  work.next(batch(2))
  await settledTurns()
  expect(engine.calls.slice(1)).toEqual(['settle first', 'settle fetched 1', 'settle fetched 2'])
  expect(store.fetched).toHaveLength(2)
  expect(parts).toHaveLength(1)
})

test('lets out a bounded number of parts that are not on disk', async () => {
  const { work, parts } = running(new FakeEngine(1), 2)
  work.next(batch(4))
  await settledTurns()
  expect(parts.map(({ last }) => last)).toEqual([false, false])
  parts[0]?.release()
  await settledTurns()
  expect(parts).toHaveLength(3)
  parts[1]?.release()
  await settledTurns()
  expect(parts.map(({ last }) => last)).toEqual([false, false, false, true])
})

test('a batch of faults alone passes in its turn and does not reach the engine', async () => {
  const engine = new FakeEngine()
  const { work, parts } = running(engine, 10)
  work.next(batch(1))
  work.next({
    ...batch(0),
    faults: [{ code: 'cesr/test', offset: 0n, bytes: 1n, message: '', beforeFrame: 0 }],
  })
  work.next({ kind: 'waiting', op: 'expire', keys: [Uint8Array.of(1)], ack: () => undefined })
  await settledTurns()
  expect(parts.map(({ settled }) => settled?.part)).toEqual([1n, undefined, 2n])
  expect(engine.calls.filter((call) => call.startsWith('prepare'))).toEqual([
    'prepare m0',
    'prepareWaiting expire',
  ])
})

test('a failure of the engine ends the stream with its cause', async () => {
  const engine = new FakeEngine()
  engine.prepare = async (): Promise<never> => Promise.reject(new Error('native/panic'))
  const { work, errors } = running(engine)
  work.next(batch(1))
  work.next(batch(1))
  await settledTurns()
  expect(errors).toMatchObject([{ message: 'native/panic' }])
})
