import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { kel, stream } from '../../tests/boundary/kel.ts'
import { Orders } from '../orders.ts'
import { MemoryStore } from '../store/memory.ts'
import type { StoreReader } from '../store/store.ts'
import { entries, page, show, stats, type EscrowReader } from './list.ts'
import { audit, remove, retry } from './manage.ts'
import { managing, running, taken, type Taken } from './testing/waiting.ts'
import { why } from './why.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-escrow-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const file = (messages: readonly (Uint8Array | undefined)[]): string => {
  const path = join(directory, `${Math.random()}.cesr`)
  writeFileSync(path, stream(messages.filter((message) => message !== undefined)))
  return path
}

/** Of each of `aids` logs of five events, those with a number in `numbers`. */
const partOf = (aids: number, numbers: readonly number[]): (Uint8Array | undefined)[] =>
  Array.from({ length: aids }, (_, seed) => numbers.map((number) => kel(seed, 5).messages[number])).flat()

/** A store whose methods can be put into another object. */
const bound = ({ store }: Taken): StoreReader => ({
  fetch: (requests) => store.fetch(requests),
  get: (table, key) => store.get(table, key),
  scan: (table, range) => store.scan(table, range),
  count: (table) => store.count(table),
  close: async () => store.close(),
})

const reader = (from: Taken): EscrowReader => ({ ...from, pageRecords: 3 })

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

test('lists what waits: by AID, by SAID, by kind, by what it awaits, by age, in pages', async () => {
  const database = await taken([file(partOf(4, [2, 3, 4])), file(partOf(2, [0]))])
  const { aid, saids } = kel(0, 5)
  const found = await all(entries(reader(database)))
  expect(found).toHaveLength(12)
  const ofOne = await all(entries(reader(database), { aid }))
  expect(ofOne.map(({ sn, said, kinds }) => [sn, said, kinds])).toEqual(
    [2, 3, 4].map((sn) => [`${sn}`, saids[sn], [{ kind: 'out-of-order', awaits: 'prior-event' }]]),
  )
  expect(await all(entries(reader(database), { said: saids[3] }))).toMatchObject([{ aid, sn: '3' }])
  expect(await all(entries(reader(database), { aid, sn: 4n }))).toMatchObject([{ said: saids[4] }])
  const count = async (query: Parameters<typeof entries>[1]): Promise<number> =>
    (await all(entries(reader(database), query))).length
  expect(await count({ kind: 'out-of-order' })).toBe(12)
  expect(await count({ kind: 'partial-witness' })).toBe(0)
  // Of two of the AIDs the inception came later: what it did not wake waits for the events between.
  expect(await count({ awaits: 'inception' })).toBe(6)
  expect(await count({ awaits: 'prior-event' })).toBe(6)
  expect(await count({ source: 1 })).toBe(12)
  expect(await count({ source: 2 })).toBe(0)
  expect(await count({ youngerSeconds: 600 })).toBe(12)
  expect(await count({ olderSeconds: 600 })).toBe(0)

  const pages: string[][] = []
  for (let [after, more] = [undefined as string | undefined, true]; more;) {
    const { entries: part, next } = await page(reader(database), {}, 5, after)
    pages.push(part.map(({ cursor }) => cursor))
    more = next !== undefined
    after = next
  }
  expect(pages.map((part) => part.length)).toEqual([5, 5, 2])
  expect(pages.flat()).toEqual(found.map(({ cursor }) => cursor))
})

test('a page reads what it shows, or a bounded number of records, and never the rest of the table', async () => {
  const database = await taken([file(partOf(40, [1, 2, 3, 4]))])
  let read = 0
  const counted: EscrowReader = {
    ...reader(database),
    store: {
      ...bound(database),
      scan: function* (table, range) {
        for (const record of database.store.scan(table, range)) {
          read += 1
          yield record
        }
      },
    },
  }
  const first = await page(counted, {}, 5)
  expect(first.entries).toHaveLength(5)
  expect(read).toBeLessThanOrEqual(5 + 3)
  read = 0
  const second = await page(counted, {}, 5, first.next)
  expect(second.entries[0]?.cursor).not.toBe(first.entries[4]?.cursor)
  expect(read).toBeLessThanOrEqual(5 + 3)
  read = 0
  const ofOne = await page(counted, { aid: kel(7, 5).aid }, 5)
  expect(ofOne.entries).toHaveLength(4)
  expect(read).toBe(4)

  // By its SAID an entry is found at once, and nothing behind it.
  read = 0
  const said = kel(11, 5).saids[3]
  const { entries: named } = await page(counted, { said }, 5)
  expect(named).toMatchObject([{ said }])
  expect(read).toBe(2)
  expect(await page(counted, { said }, 5, named[0]?.cursor)).toEqual({ entries: [] })
  expect(await page(counted, { said, aid: kel(12, 5).aid }, 5)).toEqual({ entries: [] })
  read = 0
  expect(await why(counted, said ?? '')).toMatchObject({ waiting: [{ said }] })
  expect(read).toBeLessThanOrEqual(10)

  // Nothing that waits is meant: no page reads more than 30 records to see that.
  const sizes: number[] = []
  const found: unknown[] = []
  for (let [after, more] = [undefined as string | undefined, true]; more;) {
    read = 0
    const part = await page(counted, { awaits: 'anchor' }, 5, after, 30)
    sizes.push(read)
    found.push(...part.entries)
    more = part.next !== undefined
    after = part.next
  }
  expect(found).toEqual([])
  expect(Math.max(...sizes)).toBeLessThanOrEqual(30 + 3)
  expect(sizes).toHaveLength(Math.ceil(160 / 30))
})

test('what is shown is the message as it came, and says what each part of it is', async () => {
  const [message] = partOf(1, [2])
  const database = await taken([file([message])])
  const [entry] = await all(entries(reader(database)))
  const shown = entry && show(reader(database), entry)
  const body =
    Buffer.from(message ?? '')
      .toString()
      .split('-A')[0] ?? ''
  expect(shown?.message.startsWith(`${body}-VA`)).toBe(true)
  // The message is whole: another database takes it in as what it is.
  const path = join(directory, 'shown.cesr')
  writeFileSync(path, shown?.message ?? '')
  const other = await taken([path])
  expect(await all(entries(reader(other)))).toMatchObject([{ said: entry?.said }])
  expect(shown?.annotated).toMatch(/Ed25519_Sig, 88 bytes .*: index 0/)
})

test('counts by kind, by what is awaited and by source', async () => {
  const path = file(partOf(3, [1, 4]))
  const database = await taken([path])
  expect(await stats(reader(database))).toMatchObject({
    entries: 6,
    aids: 3,
    evidence: 0,
    kinds: { 'out-of-order': { entries: 6 } },
    awaits: { inception: { entries: 6 } },
    sources: { [path]: { entries: 6 } },
  })
})

test('a retry finds what can be accepted now, and leaves the rest where it is', async () => {
  const database = await taken([file(partOf(2, [2]))])
  expect(await managing(database, async (manager) => retry(manager, {}))).toEqual({
    type: 'escrow-retry',
    entries: 2,
    became: {},
  })
  await running(database, [file(partOf(1, [0, 1]))])
  expect(await all(entries(reader(database)))).toHaveLength(1)
})

test('what is taken out is gone and can come again; the audit says what, when and by whom, unless silent', async () => {
  const database = await taken([file(partOf(3, [1, 2, 3]))])
  const { aid } = kel(0, 5)
  const removal = { by: 'somebody', silent: false }
  const removed = await managing(database, async (manager) => remove(manager, { aid }, removal))
  expect(removed).toEqual({ type: 'escrow-remove', entries: 3, became: { removed: 3 } })
  expect(await all(entries(reader(database), { aid }))).toEqual([])
  expect([...audit(database)]).toMatchObject([
    { by: 'somebody', entries: [1, 2, 3].map((sn) => ({ aid, sn: `${sn}`, kinds: ['out-of-order'] })) },
  ])
  await managing(database, async (manager) => remove(manager, {}, { ...removal, silent: true }))
  expect(await all(entries(reader(database)))).toEqual([])
  expect([...audit(database)]).toHaveLength(1)
  await running(database, [file(partOf(1, [0, 1, 2]))])
  expect(
    database.addon.keyState(aid, database.store.get('aids', Buffer.from(aid)) ?? new Uint8Array(0), true),
  ).toContain('"s":"2"')
})

test('orders given at once are carried out one after the other; those of a run that fails fail with its error', async () => {
  const database = await taken([file(partOf(1, [2]))])
  const done = await managing(database, async (manager) =>
    Promise.all(Array.from({ length: 20 }, async () => retry(manager, {}))),
  )
  expect(done.map(({ entries: count }) => count)).toEqual(Array.from({ length: 20 }, () => 1))
  const failing = { ...database, store: new MemoryStore(1) }
  const outcome = managing(failing, async ({ changer }) => changer.give({ op: 'retry', keys: [] }))
  await expect(outcome).rejects.toThrow('more than 1 bytes of memory')
})

test('an order past the limit of those that wait is refused, as are all once the run ends', async () => {
  const orders = new Orders(1)
  const first = orders.give({ op: 'retry', keys: [] })
  await expect(orders.give({ op: 'retry', keys: [] })).rejects.toMatchObject({ code: 'config/busy' })
  orders.fail(new Error('the disk is gone'))
  await expect(first).rejects.toThrow('the disk is gone')
  await expect(orders.give({ op: 'retry', keys: [] })).rejects.toMatchObject({ code: 'config/closing' })
})
