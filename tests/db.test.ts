import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { open } from 'lmdb'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { kel, stream } from './boundary/kel.ts'
import { examples, kelpipe, type Ended } from './support/cli.ts'

let directory: string
let store: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-db-'))
  store = join(directory, 'db')
  kelpipe(['ingest', examples, '--store', store])
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const db = (...args: string[]): Ended => kelpipe(['db', ...args, '--store', store, '--json'])
const lines = ({ stdout }: Ended): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const digest = (): string => kelpipe(['state', '--digest', '--store', store]).stdout

type Change = (table: {
  putSync(key: Buffer, value: Buffer): void
  removeSync(key: Buffer): void
  getKeys(): Iterable<Buffer>
}) => void

/** Changes a table behind the program's back. */
async function damage(table: string, change: Change): Promise<void> {
  const root = open({ path: store, noSubdir: false, maxDbs: 12 })
  change(
    root.openDB({
      name: table,
      encoding: 'binary',
      keyEncoding: 'binary',
    }) as unknown as Parameters<Change>[0],
  )
  await root.close()
}

const removeFirst: Change = (table) => {
  const [first] = table.getKeys()
  if (first) table.removeSync(first)
}

test('a sound database is found sound; its size and tables are told', () => {
  expect(lines(db('check'))).toMatchObject([{ type: 'db-check', ok: true, problems: 0, waiting: 5 }])
  const [stat] = lines(db('stat'))
  expect(stat).toMatchObject({ type: 'db-stat', writer: null, tables: { waiting: { records: 5 } } })
  expect(readdirSync(store).filter((name) => name.startsWith('made-'))).toEqual([])
})

test.each(['aids', 'kel', 'seals', 'saids', 'expiry'])(
  'a record that is missing from %s is found, and made anew to the identical digest',
  async (table) => {
    const before = digest()
    await damage(table, removeFirst)
    const found = db('check')
    expect(found.status).toBe(3)
    expect(lines(found)[0]).toMatchObject({ type: 'db-problem', table, problem: 'is missing' })
    const [rebuilt] = lines(db('rebuild'))
    expect(before).toContain(`full  ${String(rebuilt?.['digest'])}`)
    expect(digest()).toBe(before)
    expect(lines(db('check'))).toMatchObject([{ ok: true }])
  },
)

test('a record too many is found, and an index of it does not survive a rebuild', async () => {
  await damage('awaits', (table) => table.putSync(Buffer.from('E'.repeat(44)), Buffer.alloc(0)))
  expect(lines(db('check'))[0]).toMatchObject({ table: 'awaits', problem: 'is there and should not be' })
  expect(db('rebuild').status).toBe(0)
  expect(lines(db('check'))).toMatchObject([{ ok: true }])
})

test('an event of the log that was changed is found, and nothing is rebuilt from it', async () => {
  await damage('log', (table) => {
    const [first] = table.getKeys()
    const value = (table as unknown as { get(key?: Buffer): Buffer }).get(first)
    const changed = Buffer.from(value)
    changed[changed.length - 3] = (changed[changed.length - 3] ?? 0) ^ 1
    if (first) table.putSync(first, changed)
  })
  expect(lines(db('check'))[0]).toMatchObject({ type: 'db-problem', table: 'log' })
  const rebuilt = db('rebuild')
  expect(rebuilt.status).toBe(1)
  expect(rebuilt.stderr).toMatch(/error store\/rebuild: .*the database is as it was\n {2}next: /)
})

test('after a compaction all is there, in less space, and more can be taken in', () => {
  const before = digest()
  const file = join(directory, 'more.cesr')
  writeFileSync(file, stream(Array.from({ length: 40 }, (_, seed) => kel(seed, 4).messages.slice(1)).flat()))
  kelpipe(['ingest', file, '--store', store])
  kelpipe(['escrow', 'rm', '--kind', 'out-of-order', '--younger', '3600', '--store', store])
  const [done] = lines(db('compact'))
  expect(done).toMatchObject({ type: 'db-compact' })
  expect(Number(done?.['bytesAfter'])).toBeLessThan(Number(done?.['bytesBefore']))
  expect(done?.['digest']).toBe(done?.['digestBefore'])
  expect(digest().split('\n')[0]).toBe(before.split('\n')[0])
  writeFileSync(file, stream(kel(0, 4).messages))
  expect(kelpipe(['ingest', file, '--store', store]).status).toBe(0)
})
