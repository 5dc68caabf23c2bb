import { expect, test } from 'vitest'

import type { NativeEngine } from '../../native/addon.ts'
import { addon, binding, codeOf, now, options, settleAll, spansOf } from './harness.ts'
import { kel, stream } from './kel.ts'

const source = stream(kel(40, 2).messages)
const spans = spansOf(source)

/** Every operation of an engine that can meet a defect. */
const operations: Readonly<Record<string, (engine: NativeEngine) => unknown>> = {
  open: (engine) => engine.open(null),
  prepare: (engine) => engine.prepare(source, spans, { source: 1 }),
  prepareWaiting: (engine) => engine.prepareWaiting('wake', []),
  committed: (engine) => engine.committed(1n),
  settle: async (engine) => settleAll(engine, await engine.prepare(source, spans, { source: 1 })),
}

// Goal: a defect in Rust is an error in JavaScript, never the end of the process, and nobody goes on with a state that
// was left half done. Method: panics on demand, in each export.
test.each(Object.keys(operations))('a panic in %s is an error, and the engine is done for', async (name) => {
  const engine = addon.engine(options)
  const run = operations[name] as (engine: NativeEngine) => unknown
  await settleAll(engine, await engine.prepare(source, spans, { source: 1 }))
  if (name === 'open') {
    const other = addon.engine(options)
    binding.panicNext(name)
    expect(await codeOf(() => run(other))).toBe('native/panic')
    expect(await codeOf(() => run(other))).toBe('native/poisoned')
    return
  }
  binding.panicNext(name)
  expect(await codeOf(() => run(engine))).toBe('native/panic')
  for (const each of Object.values(operations))
    expect(await codeOf(() => each(engine))).toBe('native/poisoned')
  // Others are not touched by it.
  const other = addon.engine(options)
  await settleAll(other, await other.prepare(source, spans, { source: 1 }))
})

test('a panic while a batch is settled takes the batch with it', async () => {
  const engine = addon.engine(options)
  const prepared = await engine.prepare(source, spans, { source: 1 })
  binding.panicNext('settle')
  expect(await codeOf(() => engine.settle(prepared, null, now))).toBe('native/panic')
  expect(await codeOf(() => engine.settle(prepared, null, now))).toBe('native/order')
})

test('the error says what panicked and where', async () => {
  const framer = addon.framer(options)
  binding.panicNext('frame')
  await expect(async () => framer.frame(source, true)).rejects.toThrow(
    /guard\.rs:\d+:\d+: asked for by a test, in frame/u,
  )
})

test('a panic in a framer is an error, and the framer is done for', async () => {
  const framer = addon.framer(options)
  binding.panicNext('frame')
  expect(await codeOf(() => framer.frame(source, true))).toBe('native/panic')
  expect(await codeOf(() => framer.frame(source, true))).toBe('native/poisoned')
})

test('a panic in a tool is an error, and the tool is done for', async () => {
  const own = new binding.Tool('annotate', options)
  binding.panicNext('tool')
  expect(await codeOf(() => own['next']?.(source, false))).toBe('native/panic')
  expect(await codeOf(() => own['next']?.(source, true))).toBe('native/order')
})

test('a panic in a constructor or a function is an error', async () => {
  const calls = [
    ['make', () => addon.engine(options)],
    ['make', () => addon.framer(options)],
    ['make', () => new binding.Tool('annotate', options)],
    ['records', () => addon.keyState('AID', source, true)],
    ['records', () => addon.record(0, source, source)],
    ['records', () => addon.replay(source, [])],
    ['records', () => addon.ordinals(source)],
  ] as const
  for (const [operation, call] of calls) {
    binding.panicNext(operation)
    expect(await codeOf(call)).toBe('native/panic')
    expect(await codeOf(call)).not.toBe('native/panic')
  }
})

test('a panic in a digest is an error, and the digest is done for', async () => {
  for (const name of ['aid', 'kel', 'waiting'] as const) {
    const digest = addon.digest()
    binding.panicNext('records')
    expect(await codeOf(() => digest[name](source, source))).toBe('native/panic')
    expect(await codeOf(() => digest.finish())).toBe('native/poisoned')
  }
  const digest = addon.digest()
  binding.panicNext('records')
  expect(await codeOf(() => digest.event(source, []))).toBe('native/panic')
  const other = addon.digest()
  binding.panicNext('records')
  expect(await codeOf(() => other.finish())).toBe('native/panic')
})
