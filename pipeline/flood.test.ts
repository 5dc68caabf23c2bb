import { Readable } from 'node:stream'

import { expect, test } from 'vitest'

import type { EngineOptions } from '../native/engine.ts'
import { Tally } from '../operators/meter.ts'
import { kel, stream } from '../tests/boundary/kel.ts'
import { requireAddon } from './addon.ts'
import { engineOptions, standardRules } from './commands/options.ts'
import { engineFor } from './engine.ts'
import { entries, stats } from './escrow/list.ts'
import { limits } from './limits.ts'
import { originNames } from './origins.ts'
import { Pace } from './pace.ts'
import { run } from './run.ts'
import { streamSource } from './sources/stream.ts'
import { MemoryStore } from './store/memory.ts'

const addon = requireAddon()

interface Sent {
  readonly from: string
  readonly messages: readonly Uint8Array[]
}

const options = (changed: EngineOptions['limits']): EngineOptions => ({
  ...engineOptions(standardRules),
  limits: { ...changed },
})

/** Takes streams in, one after the other. */
async function taking(store: MemoryStore, sent: readonly Sent[], engine: EngineOptions): Promise<Tally> {
  const tally = new Tally()
  await run({
    sources: sent.map(({ from, messages }) => streamSource(from, () => Readable.from([stream(messages)]))),
    store,
    engine: await engineFor(addon, engine, store),
    framer: () => addon.framer(engine),
    sinks: [],
    tally,
    commit: 'group',
    limits,
    record: (table, key, value) => addon.record(table, key, value),
    pace: new Pace(limits),
    signal: new AbortController().signal,
    note: () => undefined,
  })
  return tally
}

const reader = (store: MemoryStore): Parameters<typeof stats>[0] => ({ addon, store, pageRecords: 500 })

/** Events of other AIDs each, all of whose inceptions are missing. */
const bogus = (first: number, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => kel(10_000 + first + index, 2).messages[1] ?? new Uint8Array(0))

const honest = Array.from({ length: 40 }, (_, seed) => kel(seed, 4))

// Goal: who floods loses its own. Method: a flood from some sources before, between and behind logs that wait.
test('a flood stays under the caps, evicts nobody but itself, and every log that waited is completed', async () => {
  const store = new MemoryStore()
  const engine = options({ waitingEntriesMax: 1600, kinds: { 'out-of-order': { entriesMax: 800 } } })
  const flood = (attacker: number): Sent => ({
    from: `attacker ${attacker}`,
    messages: bogus(attacker * 300, 300),
  })
  const late = (part: number): Sent => ({
    from: `honest ${part}`,
    messages: honest.slice(part * 10, (part + 1) * 10).flatMap(({ messages }) => messages.slice(1)),
  })
  const sent = [
    flood(0),
    late(0),
    flood(1),
    flood(2),
    late(1),
    flood(3),
    flood(4),
    late(2),
    late(3),
    flood(5),
  ]
  const tally = await taking(store, sent, engine)
  const waiting = await stats(reader(store))
  expect(waiting.entries).toBeLessThanOrEqual(800)
  expect(tally.evicted).toBeGreaterThan(0)
  for (const part of [0, 1, 2, 3]) {
    expect(waiting.sources[`honest ${part}`]?.entries, `honest ${part}`).toBe(30)
  }
  const inceptions = honest.map(({ messages }) => messages[0] ?? new Uint8Array(0))
  const completed = await taking(store, [{ from: 'honest', messages: inceptions }], engine)
  expect(completed.woken).toBe(120)
  for (const { aid } of honest)
    expect(addon.keyState(aid, store.get('aids', Buffer.from(aid)) ?? new Uint8Array(0), false)).toContain(
      '"s":"3"',
    )
  for await (const entry of entries(reader(store))) expect(entry.sourceName).toMatch(/^attacker/)
})

test('one source, one AID and one kind have caps of their own; what is refused is counted', async () => {
  const refusedBy = async (
    changed: EngineOptions['limits'],
    messages: readonly Uint8Array[],
  ): Promise<unknown> => {
    const tally = await taking(new MemoryStore(), [{ from: 'one', messages }], options(changed))
    return [tally.escrowed.get('out-of-order'), tally.rejected.get('limit/escrow-full')]
  }
  expect(await refusedBy({ waitingPerSourceEntriesMax: 20 }, bogus(0, 50))).toEqual([20, 30])
  expect(await refusedBy({ waitingPerAidMax: 3 }, kel(0, 8).messages.slice(1))).toEqual([3, 4])
  const [ofKind, refused] = (await refusedBy(
    { kinds: { 'out-of-order': { entriesMax: 80 } } },
    bogus(0, 100),
  )) as number[]
  expect([(ofKind ?? 0) <= 80, (refused ?? 0) > 0]).toEqual([true, true])
})

test('what a database holds is counted when it is opened, by the same names', async () => {
  const store = new MemoryStore()
  const caps = options({ waitingPerSourceEntriesMax: 20 })
  await taking(store, [{ from: 'one', messages: bogus(0, 15) }], caps)
  const again = await taking(
    store,
    [
      { from: 'two', messages: bogus(50, 15) },
      { from: 'one', messages: bogus(100, 15) },
    ],
    caps,
  )
  expect([again.escrowed.get('out-of-order'), again.rejected.get('limit/escrow-full')]).toEqual([20, 10])
  expect([...originNames(store).values()]).toEqual(['others', 'one', 'two'])
})

test('entries of a kind with a timeout of its own leave by it, and are not there to be woken', async () => {
  const stateAfter = async (limitsOfKind: EngineOptions['limits']): Promise<string> => {
    const store = new MemoryStore()
    const { aid, messages } = kel(0, 3)
    await taking(store, [{ from: 'one', messages: messages.slice(1) }], options(limitsOfKind))
    // Time has to pass, however little.
    await new Promise((resolve) => setTimeout(resolve, 5))
    await taking(store, [{ from: 'one', messages: messages.slice(0, 1) }], options(limitsOfKind))
    return addon.keyState(aid, store.get('aids', Buffer.from(aid)) ?? new Uint8Array(0), false) ?? ''
  }
  expect(await stateAfter({})).toContain('"s":"2"')
  expect(await stateAfter({ kinds: { 'out-of-order': { timeoutSeconds: 0 } } })).toContain('"s":"0"')
})
