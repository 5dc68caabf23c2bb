import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { firstValueFrom, take, tap, toArray } from 'rxjs'
import { expect, test } from 'vitest'

import { kel, stream } from '../tests/boundary/kel.ts'
import { taken } from './escrow/testing/waiting.ts'

import { limits } from './limits.ts'
import { MemoryStore } from './store/memory.ts'
import { writesOf } from './store/testing/records.ts'
import { cutOffWakes, expirySweeps, retrySweeps, type SweepContext } from './sweep.ts'

const micros = (time: number): string => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(time))
  return bytes.toString('latin1')
}

async function contextOf(
  rows: Parameters<typeof writesOf>[0],
  now: number,
): Promise<{ context: SweepContext; stop: AbortController }> {
  const store = new MemoryStore()
  await store.commit(writesOf(rows), new Map())
  const stop = new AbortController()
  const small = { ...limits, waitingKeysPerBatch: 2, expirySweepMs: 5 }
  return { context: { store, now: () => BigInt(now), limits: small, signal: stop.signal }, stop }
}

const textOf = (keys: readonly Uint8Array[]): string[] =>
  keys.map((key) => Buffer.from(key).toString('latin1'))

test('entries come out when their time has run out, in that order, a batch at a time', async () => {
  const rows = [30, 10, 20, 15, 99].map((time) => ({
    table: 'expiry' as const,
    key: `${micros(time)}entry ${time}`,
    value: '',
  }))
  const { context, stop } = await contextOf(rows, 30)
  const seen: string[][] = []
  for await (const work of expirySweeps(context)) {
    expect(work.op).toBe('expire')
    seen.push(textOf(work.keys))
    setImmediate(() => work.ack())
    if (seen.length === 3) break
  }
  expect(seen.slice(0, 2)).toEqual([
    ['entry 10', 'entry 15'],
    ['entry 20', 'entry 30'],
  ])
  // The third batch is of the next sweep: the fake left the rows where they were.
  expect(seen[2]).toEqual(['entry 10', 'entry 15'])
  stop.abort()
})

test('the next batch waits until the last one is on disk', async () => {
  const rows = [1, 2, 3].map((time) => ({ table: 'expiry' as const, key: `${micros(time)}e`, value: '' }))
  const { context, stop } = await contextOf(rows, 10)
  const sweeps = expirySweeps(context)
  const first = await sweeps.next()
  const second = sweeps.next()
  expect(await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 30, 'waits'))])).toBe(
    'waits',
  )
  first.value?.ack()
  expect((await second).value?.keys).toHaveLength(1)
  stop.abort()
})

test('wake-ups that were cut off are taken up once, all of them', async () => {
  const rows = ['a', 'b', 'c'].map((key) => ({ table: 'wake' as const, key, value: '' }))
  const { context } = await contextOf(rows, 0)
  const seen: string[] = []
  for await (const work of cutOffWakes(context)) {
    seen.push(...textOf(work.keys))
    setImmediate(() => work.ack())
  }
  expect(seen).toEqual(['a', 'b', 'c'])
})

test('entries of a kind with an interval are tried again after each, a batch at a time, and no others', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kelpipe-sweep-'))
  const path = join(directory, 'late.cesr')
  writeFileSync(path, stream([0, 1, 2].map((seed) => kel(seed, 2).messages[1] ?? new Uint8Array(0))))
  const { addon, store } = await taken([path])
  rmSync(directory, { recursive: true })
  const stop = new AbortController()
  const retryMs = new Map([
    ['partial-witness', 1],
    ['out-of-order', 1],
  ])
  const sweeps = retrySweeps({
    store,
    now: () => 0n,
    limits: { ...limits, waitingKeysPerBatch: 2 },
    signal: stop.signal,
    record: (table, key, value) => addon.record(table, key, value),
    retryMs,
  })
  const seen = sweeps.pipe(
    tap((work) => setImmediate(() => work.ack())),
    take(4),
    toArray(),
  )
  const works = await firstValueFrom(seen)
  stop.abort()
  expect(works.map(({ op, escrow, keys }) => [op, escrow, keys.length])).toEqual([
    ['retry', 'out-of-order', 2],
    ['retry', 'out-of-order', 1],
    ['retry', 'out-of-order', 2],
    ['retry', 'out-of-order', 1],
  ])
})
