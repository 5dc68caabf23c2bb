import { expect, test } from 'vitest'

import { addon, binding, codeOf, detach, now, options, resizable, settleAll, spansOf } from './harness.ts'
import { kel, stream } from './kel.ts'

const messages = kel(20, 20).messages
const fresh = (): Uint8Array => stream(messages)
const GiB = 2 ** 30

/** Arrays whose bytes may go away or change under a thread that reads them. */
const unsteady = (): Readonly<Record<string, Uint8Array>> => {
  const detached = fresh()
  detach(detached)
  const shared = new Uint8Array(new SharedArrayBuffer(64))
  const tracking = new Uint8Array(resizable(64, 128))
  const shadowed = resizable(64, 128)
  Object.defineProperty(shadowed, 'resizable', { value: false })
  return { detached, shared, resizable: tracking, shadowed: new Uint8Array(shadowed) }
}

const detachedWords = (): Uint32Array => {
  const words = new Uint32Array(4)
  detach(words)
  return words
}

test.each(['detached', 'shared', 'resizable', 'shadowed'])(
  'a %s buffer is refused everywhere',
  async (kind) => {
    const bytes = unsteady()[kind] ?? new Uint8Array(0)
    const engine = new binding.Engine(options)
    const prepared = await engine['prepare']?.(fresh(), spansOf(fresh()), 1, false)
    const words = kind === 'detached' ? detachedWords() : new Uint32Array(bytes.buffer)
    const steady = new Uint8Array(4)
    const calls: readonly (() => unknown)[] = [
      () => new binding.Framer(options)['frame']?.(bytes, true),
      () => engine['open']?.(bytes),
      () => engine['prepare']?.(bytes, new Uint32Array(0), 1, false),
      () => engine['prepare']?.(bytes, new Uint32Array(0), 1, true),
      () => engine['prepare']?.(fresh(), words, 1, false),
      () => engine['prepareWaiting']?.('wake', [bytes]),
      () => engine['settle']?.(prepared, bytes, now),
      () => new binding.Tool('annotate', options)['next']?.(bytes, true),
      () => binding.keyState('AID', bytes, true),
      () => binding.record(0, bytes, steady),
      () => binding.record(0, steady, bytes),
      () => binding.replay(bytes, []),
      () => binding.replay(steady, [bytes]),
      () => binding.ordinals(bytes),
      () => new binding.StateDigest()['aid']?.(bytes, steady),
      () => new binding.StateDigest()['event']?.(steady, [bytes]),
    ]
    for (const call of calls) expect(await codeOf(call), call.toString()).toBe('native/buffer')
  },
)

test('a source of 4 GiB, whose end no offset can name, is refused', async () => {
  const large = new Uint8Array(4 * GiB)
  const engine = addon.engine(options)
  expect(await codeOf(() => engine.prepare(large, new Uint32Array(0), { source: 1 }))).toBe('native/buffer')
  expect(await codeOf(() => addon.framer(options).frame(large, true))).toBe('native/buffer')
})

test('a source that was moved since it was prepared is not read any more', async () => {
  const source = fresh()
  const engine = addon.engine(options)
  const prepared = await engine.prepare(source, spansOf(source), { source: 1 })
  detach(source)
  expect(await codeOf(() => engine.settle(prepared, null, now))).toBe('native/buffer')
  // The batch was not begun, so the engine is free for others.
  const other = fresh()
  await settleAll(engine, await engine.prepare(other, spansOf(other), { source: 1 }))
})

/** The verdicts on a batch whose source is disturbed while it is being prepared. */
const verdictsOf = async (copy: boolean, disturb: (source: Uint8Array) => void): Promise<unknown> => {
  const source = fresh()
  const engine = addon.engine(options)
  const preparing = engine.prepare(source, spansOf(source), { source: 1, copy })
  disturb(source)
  const [part] = await settleAll(engine, await preparing)
  return Array.from({ length: part?.verdicts.length ?? 0 }, (_, index) => part?.verdicts.row(index))
}

// Goal: with `copy` nothing that the caller does afterwards matters. Method: change the source while the batch is being
// prepared, and compare with an undisturbed one.
test('a copied source may change at once', async () => {
  const undisturbed = await verdictsOf(false, () => undefined)
  expect(await verdictsOf(true, (source) => source.fill(0x41))).toEqual(undisturbed)
  expect(await verdictsOf(true, detach)).toEqual(undisturbed)
})

test('the window of a tool is copied, one call runs at a time, and none after the end', async () => {
  const whole = await new binding.Tool('annotate', options)['next']?.(fresh(), true)
  const source = fresh()
  const own = new binding.Tool('annotate', options)
  const running = own['next']?.(source, true)
  source.fill(0x41)
  detach(source)
  expect(await codeOf(() => own['next']?.(fresh(), true))).toBe('native/order')
  expect(await running).toEqual(whole)
  expect(await codeOf(() => own['next']?.(fresh(), true))).toBe('native/order')
})

test('views into larger buffers are read where they are', async () => {
  const source = fresh()
  const around = new Uint8Array(source.length + 20).fill(0x7b)
  around.set(source, 13)
  const view = around.subarray(13, 13 + source.length)
  const spans = spansOf(view)
  const wordsAround = new Uint32Array(spans.length + 2)
  wordsAround.set(spans, 1)
  const engine = addon.engine(options)
  const prepared = await engine.prepare(view, wordsAround.subarray(1, 1 + spans.length), { source: 1 })
  const [part] = await settleAll(engine, prepared)
  expect(part?.verdicts.verdict).toEqual(new Uint8Array(messages.length))
})

test('empty input is an empty batch', async () => {
  const engine = addon.engine(options)
  const prepared = await engine.prepare(new Uint8Array(0), new Uint32Array(0), { source: 1 })
  expect(prepared.rows).toBe(0)
  const [part] = await settleAll(engine, prepared)
  expect(part?.verdicts.length).toBe(0)
  expect(addon.framer(options).frame(new Uint8Array(0), true).consumed).toBe(0)
})
