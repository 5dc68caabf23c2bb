import { expect, test } from 'vitest'

import { findWrite, writeAt, writeCount } from '../../native/records.ts'
import { MemoryStore } from '../../pipeline/store/memory.ts'
import { addon, binding, detach, options, settleAll, spansOf } from './harness.ts'
import { kel, stream } from './kel.ts'

// Goal: what the engine decides arrives unchanged. Method: a log made here, whose verdicts are known.
test('every event of a log is accepted, row by row', async () => {
  const { aid, messages, saids } = kel(1, 3)
  const source = stream(messages)
  const engine = addon.engine(options)
  engine.open(null)
  const prepared = await engine.prepare(source, spansOf(source), { source: 7 })
  expect(prepared.rows).toBe(3)
  const [part] = await settleAll(engine, prepared)
  const rows = Array.from({ length: 3 }, (_, index) => part?.verdicts.row(index))
  expect(rows).toMatchObject(
    saids.map((said, sn) => ({
      message: sn,
      aid,
      said,
      sn: BigInt(sn),
      ilk: sn === 0 ? 'icp' : 'ixn',
      verdict: 'accepted',
      fn: BigInt(sn),
    })),
  )
})

test('each write is found by its table and key, and nothing else is', async () => {
  const logs = stream([1, 2, 3, 4].flatMap((seed) => kel(seed, 5).messages))
  const waiting = stream(kel(5, 4).messages.slice(1))
  const source = stream([logs, waiting])
  const engine = addon.engine(options)
  engine.open(null)
  const prepared = await engine.prepare(source, spansOf(source), { source: 7 })
  const [part] = await settleAll(engine, prepared)
  const writes = part?.verdicts.writes ?? { ops: new Uint32Array(0), arena: new Uint8Array(0) }
  const all = Array.from({ length: writeCount(writes) }, (_, index) => writeAt(writes, index))
  expect(new Set(all.map(({ table }) => table)).size).toBeGreaterThan(4)
  for (const write of all) {
    expect(findWrite(writes, write.table, write.key)).toEqual(write)
    expect(findWrite(writes, write.table, Buffer.concat([write.key, Buffer.of(0)]))).toBeUndefined()
  }
})

test('an entry that waited is woken, and its bytes are in the writes', async () => {
  const { messages, saids } = kel(2, 2)
  const [first = new Uint8Array(0), second = new Uint8Array(0)] = messages
  const engine = addon.engine(options)
  const source = stream([second, first])
  const [part] = await settleAll(engine, await engine.prepare(source, spansOf(source), { source: 1 }))
  const verdicts = part?.verdicts
  expect(Array.from({ length: verdicts?.length ?? 0 }, (_, index) => verdicts?.row(index))).toMatchObject([
    { verdict: 'escrowed', reason: 'out-of-order', message: 0 },
    { verdict: 'accepted', said: saids[0], message: 1 },
    { verdict: 'accepted', said: saids[1], message: undefined },
  ])
  const body = Buffer.from(verdicts?.bytes(2, source) ?? []).toString()
  expect(body.startsWith(Buffer.from(second).toString().slice(0, -92))).toBe(true)
})

test('memory is given back at once, and nobody else reads it', async () => {
  const { aid, messages, saids } = kel(6, 30)
  const engine = addon.engine(options)
  const source = stream([...messages.slice(1), ...messages.slice(0, 1)])
  const [part] = await settleAll(engine, await engine.prepare(source, spansOf(source), { source: 1 }))
  const last = (part?.verdicts.length ?? 0) - 1
  expect(part?.verdicts.row(last)).toMatchObject({ verdict: 'accepted', said: saids.at(-1) })
  // A message that lies in the memory of the part, and is handed in again.
  const replayed = part?.verdicts.bytes(last, source) ?? new Uint8Array(0)
  const preparing = engine.prepare(replayed, spansOf(replayed), { source: 1 })
  part?.verdicts.free()
  part?.verdicts.free()
  expect([replayed.length, part?.verdicts.writes.arena.length]).toEqual([0, 0])
  const [again] = await settleAll(engine, await preparing)
  expect(again?.verdicts.row(0)).toMatchObject({ aid, said: saids.at(-1) })
})

test('only memory of the engine is given back', () => {
  const others = new Uint8Array(8192)
  binding.free([others.buffer])
  expect(others.length).toBe(8192)
})

test('bytes that are no message become faults, and the rest is framed', () => {
  const { messages } = kel(3, 2)
  const [first = new Uint8Array(0), second = new Uint8Array(0)] = messages
  const garbage = Buffer.from('no message at all')
  const { spans, faults, consumed } = addon.framer(options).frame(stream([first, garbage, second]), true)
  expect(spans.length).toBe(8)
  expect(consumed).toBe(first.length + garbage.length + second.length)
  expect(faults).toMatchObject([
    { offset: BigInt(first.length), bytes: BigInt(garbage.length), beforeFrame: 1 },
  ])
  expect(faults[0]?.code).toMatch(/^cesr\//)
})

test('stored records are read back, replayed and digested', async () => {
  const { aid, messages } = kel(4, 3)
  const source = stream(messages)
  const store = new MemoryStore()
  const engine = addon.engine(options)
  await settleAll(engine, await engine.prepare(source, spansOf(source), { source: 1 }), store)
  const [record] = [...store.scan('aids')]
  const state = JSON.parse(addon.keyState(aid, record?.value ?? new Uint8Array(0), true) ?? 'null')
  expect(state).toMatchObject({ i: aid, s: '2' })
  const ordinals = [...store.scan('kel')].flatMap(({ value }) => [...addon.ordinals(value)])
  expect(ordinals).toEqual([0n, 1n, 2n])
  const replayed = [...store.scan('log')].map(({ value }) => addon.replay(value, []))
  expect(Buffer.from(replayed[0] ?? []).toString()).toContain(`"i":"${aid}"`)
  // A replay is a stream that proves the same state.
  const again = addon.engine(options)
  const other = new MemoryStore()
  const bytes = stream(replayed)
  const [part] = await settleAll(again, await again.prepare(bytes, spansOf(bytes), { source: 1 }), other)
  expect(part?.verdicts.verdict).toEqual(new Uint8Array(3))
  expect([...other.scan('kel')]).toEqual([...store.scan('kel')])
})

test('a copied batch is not touched by what happens to its source', async () => {
  const { messages } = kel(5, 2)
  const source = stream(messages)
  const engine = addon.engine(options)
  const preparing = engine.prepare(source, spansOf(source), { source: 1, copy: true })
  source.fill(0)
  detach(source)
  const [part] = await settleAll(engine, await preparing)
  expect(part?.verdicts.verdict).toEqual(new Uint8Array(2))
})
