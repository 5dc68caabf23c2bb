import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { nativeLog } from '../native/logs.ts'
import { MemoryStore } from '../pipeline/store/memory.ts'
import { addon, codeOf, options, settleAll, spansOf } from './boundary/harness.ts'
import { kel, saidified, stream, variant } from './boundary/kel.ts'
import { main } from './support/cli.ts'

let directory: string
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'kelpipe-logs-'))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

type Line = Record<string, string | number>

/** The lines that an ingest of some messages writes. */
function logged(
  messages: readonly Uint8Array[],
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Line[] {
  const path = join(directory, 'stream.cesr')
  writeFileSync(path, stream(messages))
  const command = [main, 'ingest', path, '--store', join(directory, 'db'), '--quiet', ...args]
  const { stderr } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  return stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

const told = (lines: readonly Line[]): string[] =>
  lines.map((line) => ['level', 'event', 'sn', 'escrow'].flatMap((name) => line[name] ?? []).join(' '))

test('each transition is one line: what waits, what is released, duplicity, faults', () => {
  const { messages } = kel(80, 3)
  const [icp, first, second] = messages as [Uint8Array, Uint8Array, Uint8Array]
  const lines = logged(
    [second, Buffer.from('no message'), icp, first, variant(80, 1).message],
    ['--log-level', 'info'],
  )
  expect(told(lines)).toEqual([
    'info started',
    'info escrowed 2 out-of-order',
    'info released 2',
    'warn duplicity 1 likely-duplicitous',
    'warn fault',
    'info ended',
  ])
  expect(lines[1]).toMatchObject({ aid: kel(80, 3).aid, said: kel(80, 3).saids[2], ilk: 'ixn', offset: 0 })
  expect(lines[4]).toMatchObject({ code: 'cesr/cold-start', bytes: 10 })
})

test('what waits and comes again is no transition, and evidence that comes again is not told again', () => {
  const { messages } = kel(84, 3)
  const [icp, , second] = messages as [Uint8Array, Uint8Array, Uint8Array]
  const other = variant(84, 1).message
  const lines = logged([second, second, ...messages, other, other, icp], ['--log-level', 'debug'])
  expect(told(lines).filter((line) => !/started|ended|engine|accepted/.test(line))).toEqual([
    'info escrowed 2 out-of-order',
    'debug repeated 2 out-of-order',
    'info released 2',
    'warn duplicity 1 likely-duplicitous',
    'debug repeated 1 likely-duplicitous',
  ])
})

test('a query that still cannot be answered is told at debug, too', async () => {
  const store = new MemoryStore()
  const engine = addon.engine(options)
  engine.open(null)
  const { aid } = kel(85, 1)
  const { body, said } = saidified({
    t: 'qry',
    d: '#'.repeat(44),
    dt: '2024-06-01T00:00:00.000000+00:00',
    r: 'logs',
    rr: '',
    q: { i: aid, src: aid, s: '3' },
  })
  const query = Buffer.from(`${body}-HABE${'A'.repeat(43)}-AABAA${'A'.repeat(86)}`)
  const asked = await settleAll(engine, await engine.prepare(query, spansOf(query), { source: 1 }), store)
  expect(asked.flatMap(({ verdicts }) => [verdicts.row(0).reason])).toEqual(['query-not-found'])
  const keys = [...store.scan('waiting', {})].map(({ key }) => key)
  const log = nativeLog()
  try {
    log.level('debug')
    await settleAll(engine, await engine.prepareWaiting('retry', keys), store)
    const lines = log.take().lines.filter(({ message }) => message === 'still waits')
    expect(lines.map(({ level, fields }) => ({ level, ...fields }))).toEqual([
      { level: 'debug', aid, sn: '3', said, escrow: 'query-not-found' },
    ])
  } finally {
    log.level('off')
  }
})

test('a retry in vain is told at debug, by the native code, and not above', async () => {
  const store = new MemoryStore()
  const engine = addon.engine(options)
  engine.open(null)
  const early = stream(kel(81, 4).messages.slice(2))
  await settleAll(engine, await engine.prepare(early, spansOf(early), { source: 1 }), store)
  const keys = [...store.scan('waiting', {})].map(({ key }) => key)
  const log = nativeLog()
  const retried = async (): Promise<unknown[]> => {
    const parts = await settleAll(engine, await engine.prepareWaiting('retry', keys), store)
    expect(parts.map(({ verdicts }) => verdicts.length)).toEqual([0])
    return log
      .take()
      .lines.map(({ level, message, target, fields }) => ({ level, message, target, ...fields }))
  }
  try {
    log.level('info')
    expect(await retried()).toEqual([])
    log.level('debug')
    const { aid, saids } = kel(81, 4)
    const line = {
      level: 'debug',
      message: 'still waits',
      target: 'kelpipe_keri::fold',
      aid,
      escrow: 'out-of-order',
    }
    expect(await retried()).toEqual([
      { ...line, sn: '2', said: saids[2] },
      { ...line, sn: '3', said: saids[3] },
    ])
  } finally {
    log.level('off')
  }
})

test('without a level nothing is told; KELPIPE_LOG is one', () => {
  const { messages } = kel(83, 2)
  expect(logged(messages, [])).toEqual([])
  expect(
    told(logged(messages, [], { KELPIPE_LOG: 'debug' })).filter((line) => line !== 'debug engine'),
  ).toContain('info started')
  const wrong = spawnSync(process.execPath, [main, 'ingest', '-', '--log-level', 'loud'], {
    encoding: 'utf8',
  })
  expect(wrong.status).toBe(2)
  expect(wrong.stderr).toContain('Allowed choices are off, error, warn, info, debug, trace')
})

test('what stops a run is a line, too', () => {
  const path = join(directory, 'stream.cesr')
  writeFileSync(path, stream(kel(84, 1).messages))
  const command = [main, 'ingest', path, '--store', join(directory, 'db'), '--quiet', '--log-level', 'error']
  const { stderr } = spawnSync(process.execPath, [...command, '--verdicts', '/dev/full'], {
    encoding: 'utf8',
  })
  const line = stderr.split('\n').find((each) => each.startsWith('{')) ?? ''
  expect(JSON.parse(line)).toMatchObject({
    level: 'error',
    event: 'failed',
    code: 'sink/write',
  })
})

test('the native code keeps a bounded number of lines, and tells how many were lost', async () => {
  const log = nativeLog()
  log.level('debug')
  try {
    for (let count = 0; count < 1_100; count += 1) addon.engine(options).close()
    const { lines, lost } = log.take()
    expect([lines.length, lost]).toEqual([1_024, 76])
    expect(lines[0]).toMatchObject({ level: 'debug', message: 'engine', fields: { threads: '1' } })
    expect(log.take()).toEqual({ lines: [], lost: 0 })
    log.level('warn')
    addon.engine(options).close()
    expect(log.take().lines).toEqual([])
  } finally {
    log.level('off')
  }
  expect(await codeOf(() => log.level('loud' as 'off'))).toBe('native/argument')
})
