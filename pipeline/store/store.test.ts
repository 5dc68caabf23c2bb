import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { tableNumber, type TableName } from '../../native/tables.ts'
import { decodeFetched, requestsOf, writesOf } from './testing/records.ts'
import { openReader, openStore } from './lmdb.ts'
import { MemoryStore } from './memory.ts'
import { bytesText, textBytes } from '../text.ts'
import type { Store } from './store.ts'

let directory: string
let store: Store

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-store-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const none = new Map<string, Uint8Array>()
const put = (table: TableName, key: string, value: string): Parameters<typeof writesOf>[0][number] => ({
  table,
  key,
  value,
})

const backends = [
  { name: 'memory', open: async (): Promise<Store> => new MemoryStore() },
  { name: 'lmdb', open: async (): Promise<Store> => openStore(directory) },
]

describe.each(backends)('store: $name', ({ open }) => {
  beforeEach(async () => {
    store = await open()
  })
  afterEach(async () => store.close())

  test('gives back what was committed, by key, in the order of the requests', async () => {
    await store.commit(
      writesOf([put('aids', 'a', 'state of a'), put('kel', 'a1', 'one'), put('kel', 'a2', '')]),
      none,
    )
    const fetched = store.fetch(
      requestsOf([
        { table: 'kel', key: 'a2' },
        { table: 'aids', key: 'missing' },
        { table: 'aids', key: 'a' },
      ]),
    )
    expect(decodeFetched(fetched)).toEqual([[['a2', '']], [], [['a', 'state of a']]])
  })

  test('scans a prefix in key order, up to the limit, and not beyond the prefix', async () => {
    const keys = ['b', 'a\u00ff', 'a', 'aa', 'ab', 'A']
    await store.commit(writesOf(keys.map((key) => put('waiting', key, `of ${key}`))), none)
    const asked = [
      { table: 'waiting', key: 'a', prefix: true },
      { table: 'waiting', key: 'a', prefix: true, limit: 2 },
      { table: 'waiting', key: 'zz', prefix: true },
    ] as const
    const [all, two, nothing] = decodeFetched(store.fetch(requestsOf(asked)))
    expect(all?.map(([key]) => key)).toEqual(['a', 'aa', 'ab', 'a\u00ff'])
    expect(two?.map(([key]) => key)).toEqual(['a', 'aa'])
    expect(nothing).toEqual([])
  })

  test('reads from one key to before another, until that is so many bytes', async () => {
    const keys = ['a1', 'a2', 'a3', 'a4', 'b1']
    await store.commit(writesOf(keys.map((key) => put('waiting', key, 'ten bytes.'))), none)
    const asked = [
      { table: 'waiting', key: 'a2', to: 'a4', limit: 1_000 },
      { table: 'waiting', key: 'a1', to: 'b9', limit: 24 },
      { table: 'waiting', key: 'a1', to: 'b9', limit: 25 },
      { table: 'waiting', key: 'b2', to: 'b9', limit: 1_000 },
    ] as const
    const found = decodeFetched(store.fetch(requestsOf(asked))).map((answer) => answer.map(([key]) => key))
    expect(found).toEqual([['a2', 'a3'], ['a1', 'a2'], ['a1', 'a2', 'a3'], []])
  })

  test('a prefix of 0xff bytes reaches to the end of the table', async () => {
    await store.commit(
      writesOf([
        put('expiry', '\u00ff\u00ff', 'x'),
        put('expiry', '\u00ff\u00ffz', 'y'),
        put('expiry', '\u00fe', 'z'),
      ]),
      none,
    )
    const keys = [...store.scan('expiry', { prefix: Uint8Array.of(255, 255) })].map(({ value }) =>
      bytesText(value),
    )
    expect(keys).toEqual(['x', 'y'])
    const prefix = Buffer.from('same')
    expect([...store.scan('expiry', { prefix })]).toEqual([])
    expect(prefix.toString()).toBe('same')
  })

  test('replaces and deletes, and counts what is left', async () => {
    await store.commit(writesOf([put('aids', 'a', '1'), put('aids', 'b', '2')]), none)
    await store.commit(
      writesOf([{ table: 'aids', key: 'a' }, put('aids', 'b', '3'), { table: 'aids', key: 'never there' }]),
      none,
    )
    expect(store.count('aids')).toBe(1)
    expect(store.get('aids', textBytes('a'))).toBeUndefined()
    expect(bytesText(store.get('aids', textBytes('b')) ?? new Uint8Array())).toBe('3')
  })

  test('scans from one key to before another', async () => {
    await store.commit(writesOf(['1', '2', '3', '4'].map((key) => put('expiry', key, key))), none)
    const scan = (from: string, to: string): string[] =>
      [...store.scan('expiry', { from: textBytes(from), to: textBytes(to) })].map(({ key }) => bytesText(key))
    expect(scan('2', '4')).toEqual(['2', '3'])
    expect(scan('4', '2')).toEqual([])
  })

  test('keeps large values and many records', async () => {
    const large = 'x'.repeat(3_000_000)
    const keys = Array.from({ length: 5_000 }, (_, index) => `key ${String(index).padStart(8, '0')}`)
    await store.commit(
      writesOf([...keys.map((key) => put('log', key, key.repeat(5))), put('meta', 'zlarge', large)]),
      none,
    )
    expect(store.count('log')).toBe(5_000)
    const [found, big] = decodeFetched(
      store.fetch(
        requestsOf([
          { table: 'log', key: 'key 0000', prefix: true },
          { table: 'meta', key: 'zlarge' },
        ]),
      ),
    )
    expect(found?.map(([key]) => key)).toEqual(keys)
    expect(big?.[0]?.[1]).toBe(large)
  })

  test('commits that overlap take effect in the order of their calls, with their meta records', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.commit(
          writesOf([put('aids', 'a', `${index}`)]),
          new Map([['source/x', textBytes(`${index}`)]]),
        ),
      ),
    )
    expect(bytesText(store.get('aids', textBytes('a')) ?? new Uint8Array())).toBe('19')
    expect(bytesText(store.get('meta', textBytes('source/x')) ?? new Uint8Array())).toBe('19')
  })
})

describe('store: memory', () => {
  test('refuses to grow past its limit and says what to use instead', async () => {
    const small = new MemoryStore(10_000)
    const filling = small.commit(writesOf([put('log', 'k', 'x'.repeat(20_000))]), none)
    await expect(filling).rejects.toMatchObject({
      code: 'store/memory-full',
      next: expect.stringContaining('kelpipe ingest'),
    })
  })

  test('bytes that are replaced or deleted make room again', async () => {
    const small = new MemoryStore(10_000)
    for (let round = 0; round < 50; round += 1) {
      await small.commit(writesOf([put('log', 'k', 'x'.repeat(5_000))]), none)
      await small.commit(writesOf([{ table: 'log', key: 'k' }]), none)
    }
    expect(small.count('log')).toBe(0)
  })
})

describe('store: lmdb', () => {
  test('keeps its content over close and open, and reads while one writes', async () => {
    store = await openStore(directory)
    await store.commit(writesOf([put('aids', 'a', 'kept')]), none)
    const reader = await openReader(directory)
    expect(bytesText(reader.get('aids', textBytes('a')) ?? new Uint8Array())).toBe('kept')
    await reader.close()
    await store.close()
    store = await openStore(directory)
    expect(bytesText(store.get('aids', textBytes('a')) ?? new Uint8Array())).toBe('kept')
    expect(tableNumber('meta')).toBe(9)
    await store.close()
  })

  test('a second writer is refused by the name of the first', async () => {
    store = await openStore(directory)
    await expect(openStore(directory)).rejects.toMatchObject({
      code: 'store/locked',
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}, since 20`),
    })
    await store.close()
    store = await openStore(directory)
    await store.close()
  })

  test('a lock left by a process that is gone is taken over', async () => {
    const gone = { pid: 2 ** 22 - 1, host: hostname(), since: '2024-01-01T00:00:00Z', started: '1' }
    writeFileSync(join(directory, 'writer.lock'), JSON.stringify(gone))
    store = await openStore(directory)
    expect(JSON.parse(readFileSync(join(directory, 'writer.lock'), 'utf8'))).toMatchObject({
      pid: process.pid,
    })
    await store.close()
  })

  test('a lock whose pid now belongs to another process is taken over', async () => {
    const reused = { pid: process.ppid, host: hostname(), since: '2024-01-01T00:00:00Z', started: 'long ago' }
    writeFileSync(join(directory, 'writer.lock'), JSON.stringify(reused))
    store = await openStore(directory)
    await store.close()
  })

  test('a database of another format is refused, clearly, by writer and reader', async () => {
    store = await openStore(directory)
    await store.commit(undefined, new Map([['format', textBytes('kelpipe 99')]]))
    await store.close()
    const refusal = { code: 'store/format', message: expect.stringContaining('"kelpipe 99"') }
    await expect(openStore(directory)).rejects.toMatchObject(refusal)
    await expect(openReader(directory)).rejects.toMatchObject(refusal)
  })

  test('a file that is no database is refused by writer and reader, and takes nothing down', async () => {
    const path = join(directory, 'data.mdb')
    const refusal = { code: 'store/open', message: expect.stringContaining('is no database') as string }
    for (const content of ['x', 'no database '.repeat(1_000)]) {
      writeFileSync(path, content)
      await expect(openStore(directory)).rejects.toMatchObject(refusal)
      await expect(openReader(directory)).rejects.toMatchObject(refusal)
    }
    writeFileSync(path, '')
    await expect(openReader(directory)).rejects.toMatchObject(refusal)
  })

  test('reading a database that is not there says so and makes none', async () => {
    await expect(openReader(join(directory, 'none'))).rejects.toMatchObject({ code: 'store/missing' })
  })
})
