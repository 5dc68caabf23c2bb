import { expect, test } from 'vitest'

import type { NativeEngine } from '../../native/addon.ts'
import type { Prepared } from '../../native/engine.ts'
import { addon, codeOf, now, options, settleAll, spansOf } from './harness.ts'
import { kel, stream } from './kel.ts'

const messages = kel(30, 3).messages
const batch = async (engine: NativeEngine): Promise<Prepared> => {
  const source = stream(messages)
  return engine.prepare(source, spansOf(source), { source: 1 })
}

test('a second settle while one is under way is refused, of the same batch and of another', async () => {
  const engine = addon.engine(options)
  const [one, other] = [await batch(engine), await batch(engine)]
  const first = engine.settle(one, null, now)
  expect(await codeOf(() => engine.settle(one, null, now))).toBe('native/order')
  expect(await codeOf(() => engine.settle(other, null, now))).toBe('native/order')
  expect(await first).toHaveProperty('missing')
})

test('a batch that is begun comes to its end before another one begins', async () => {
  const engine = addon.engine(options)
  const [one, other] = [await batch(engine), await batch(engine)]
  await engine.settle(one, null, now)
  expect(await codeOf(() => engine.settle(other, null, now))).toBe('native/order')
})

test('records are given exactly when they were asked for', async () => {
  const engine = addon.engine(options)
  const prepared = await batch(engine)
  expect(await codeOf(() => engine.settle(prepared, new Uint8Array(4), now))).toBe('native/order')
  expect(await engine.settle(prepared, null, now)).toHaveProperty('missing')
  expect(await codeOf(() => engine.settle(prepared, null, now))).toBe('native/order')
  expect(await engine.settle(prepared, new Uint8Array(4), now)).toHaveProperty('part', 1n)
})

test('a batch that is settled to its end stays so, and one of another engine is refused', async () => {
  const engine = addon.engine(options)
  const prepared = await batch(engine)
  await settleAll(engine, prepared)
  expect(await codeOf(() => engine.settle(prepared, null, now))).toBe('native/order')
  const foreign = await batch(addon.engine(options))
  expect(await codeOf(() => engine.settle(foreign, null, now))).toBe('native/order')
})

test('only what was settled can be committed, and open comes first', async () => {
  const engine = addon.engine(options)
  expect(await codeOf(() => engine.committed(1n))).toBe('native/order')
  engine.open(Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0))
  const [part] = await settleAll(engine, await batch(engine))
  expect(part?.part).toBe(1n)
  expect(await codeOf(() => engine.committed(0n))).toBe('native/order')
  expect(await codeOf(() => engine.committed(2n))).toBe('native/order')
  expect(await codeOf(() => engine.open(null))).toBe('native/order')
})

test('a closed engine refuses everything, and what is under way comes to its end', async () => {
  const engine = addon.engine(options)
  const prepared = await batch(engine)
  const settling = engine.settle(prepared, null, now)
  engine.close()
  expect(await settling).toHaveProperty('missing')
  const calls = [
    () => engine.open(null),
    () => batch(engine),
    () => engine.prepareWaiting('wake', []),
    () => engine.settle(prepared, new Uint8Array(4), now),
    () => engine.committed(1n),
    () => engine.metrics(),
    () => engine.resetMetrics(),
    () => engine.features(),
  ]
  for (const call of calls) expect(await codeOf(call), call.toString()).toBe('native/closed')
})

test('a damaged record stops the engine for good', async () => {
  const damagedOrdinal = addon.engine(options)
  expect(await codeOf(() => damagedOrdinal.open(Uint8Array.of(1)))).toBe('native/damaged')
  const engine = addon.engine(options)
  const prepared = await batch(engine)
  await engine.settle(prepared, null, now)
  expect(await codeOf(() => engine.settle(prepared, Uint8Array.of(9, 0), now))).toBe('native/damaged')
  expect(await codeOf(() => batch(engine))).toBe('native/poisoned')
  expect(await codeOf(() => engine.settle(prepared, null, now))).toBe('native/order')
})
