import { expect, test } from 'vitest'

import type { NativeEngine, OperationMetrics } from '../../native/addon.ts'
import { addon, codeOf, options, settleAll, spansOf } from './harness.ts'
import { kel, stream } from './kel.ts'

const source = stream(kel(50, 4).messages)
const spans = spansOf(source)

const of = (list: readonly OperationMetrics[], name: string): OperationMetrics | undefined =>
  list.find(({ operation }) => operation === name)
const ofEngine = (engine: NativeEngine, name: string): OperationMetrics | undefined =>
  of(engine.metrics().operations, name)

test('every call of an engine is counted with its rows, bytes and time', async () => {
  const engine = addon.engine(options)
  engine.open(null)
  await settleAll(engine, await engine.prepare(source, spans, { source: 1 }))
  const { signaturesChecked, signaturesFailed, crypto } = engine.metrics()
  expect({ signaturesChecked, signaturesFailed }).toEqual({ signaturesChecked: 4, signaturesFailed: 0 })
  expect(crypto).toMatchObject({ checks: 4, valid: 4 })
  expect(crypto.nanoseconds).toBeGreaterThan(0)
  await settleAll(engine, await engine.prepare(source, spans, { source: 1, copy: true }))
  expect(await codeOf(() => engine.committed(99n))).toBe('native/order')
  const { operations, copiedBytes } = engine.metrics()
  expect(copiedBytes).toBe(source.length)
  expect(of(operations, 'open')).toMatchObject({ count: 1, errors: 0 })
  expect(of(operations, 'prepare')).toMatchObject({ count: 2, errors: 0, rows: 8, bytes: 2 * source.length })
  expect(of(operations, 'settle')).toMatchObject({ count: 4, errors: 0, rows: 8 })
  expect(of(operations, 'committed')).toMatchObject({ count: 3, errors: 1 })
  for (const { nanoseconds, nanosecondsMax, count } of operations)
    if (count > 0) {
      expect(nanosecondsMax).toBeGreaterThan(0)
      expect(nanoseconds).toBeGreaterThanOrEqual(nanosecondsMax)
    }
})

test('bad signatures are counted', async () => {
  const text = Buffer.from(source).toString()
  const at = text.indexOf('-AABAA') + 10
  const forged = Buffer.from(`${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`)
  const engine = addon.engine(options)
  const [part] = await settleAll(engine, await engine.prepare(new Uint8Array(forged), spans, { source: 1 }))
  expect(part?.verdicts.row(0)).toMatchObject({ verdict: 'rejected', reason: 'keri/no-valid-signature' })
  expect(engine.metrics().signaturesFailed).toBeGreaterThan(0)
})

test('counts start anew when they are reset', async () => {
  const engine = addon.engine(options)
  await settleAll(engine, await engine.prepare(source, spans, { source: 1, copy: true }))
  engine.resetMetrics()
  expect(ofEngine(engine, 'settle')).toMatchObject({
    count: 0,
    nanoseconds: 0,
    nanosecondsMax: 0,
    rows: 0,
    bytes: 0,
  })
  const { copiedBytes, signaturesChecked, crypto } = engine.metrics()
  expect({ copiedBytes, signaturesChecked, checks: crypto.checks }).toEqual({
    copiedBytes: 0,
    signaturesChecked: 0,
    checks: 0,
  })
  await settleAll(
    engine,
    await engine.prepare(stream(kel(51, 2).messages), spans.subarray(0, 8), { source: 1 }),
  )
  expect(engine.metrics().crypto.checks).toBe(2)
})

test('framing and reading of records are counted for the whole process', () => {
  addon.resetMetrics()
  addon.framer(options).frame(source, true)
  addon.keyState('AID', source, false)
  expect(of(addon.metrics(), 'frame')).toMatchObject({ count: 1, errors: 0, rows: 4, bytes: source.length })
  expect(of(addon.metrics(), 'records')).toMatchObject({ count: 1, errors: 0, bytes: source.length })
})

test('features say what runs', () => {
  const features = addon.engine(options).features()
  expect(features.available).toContain(features.path)
  expect(features.available).toContain('portable')
  expect(features).toMatchObject({ threads: 1, nodeApi: 8, version: '0.1.0' })
})
