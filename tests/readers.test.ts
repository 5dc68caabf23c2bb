import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { expect, test } from 'vitest'

import { kel, stream } from './boundary/kel.ts'
import { kelpipe, startKelpipe } from './support/cli.ts'

async function ended(args: readonly string[]): Promise<{ code: unknown; stdout: string }> {
  const child = startKelpipe(args)
  const [stdout, [code]] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    once(child, 'exit') as Promise<unknown[]>,
  ])
  return { code, stdout }
}

// Goal: who reads does not disturb who writes, and sees what was committed, whole. Method: processes of every reading
// command, one after another, as long as another one ingests logs whose events wait for one another.
test('other processes read the database while one writes to it', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kelpipe-readers-'))
  const store = ['--store', join(directory, 'db')]
  const [path, first] = [join(directory, 'all.cesr'), join(directory, 'first.cesr')]
  const logs = Array.from({ length: 60 }, (_, seed) => kel(seed, 20))
  const { aid } = kel(0, 20)
  writeFileSync(first, stream(logs[0]?.messages ?? []))
  writeFileSync(path, stream(logs.slice(1).flatMap(({ messages }) => messages.toReversed())))
  kelpipe(['ingest', first, ...store])
  const writing = new AbortController()
  const writer = ended(['ingest', path, '--commit', 'each', '--json', '--quiet', ...store]).finally(() =>
    writing.abort(),
  )
  const readers = [
    ['state', aid, '--json'],
    ['escrow', 'stats', '--json'],
    ['export', aid],
    ['db', 'stat', '--json'],
  ]
  let meanwhile = 0
  for (let turn = 0; !writing.signal.aborted && turn < 4; turn += 1) {
    const { code, stdout } = await ended([...(readers[turn % readers.length] ?? []), ...store])
    expect(code).toBe(0)
    expect(stdout).toContain(turn % 2 === 0 ? aid : '"type"')
    if (!writing.signal.aborted) meanwhile += 1
  }
  expect((await writer).code).toBe(0)
  expect(meanwhile).toBeGreaterThan(0)
  expect(JSON.parse(kelpipe(['escrow', 'stats', '--json', ...store]).stdout)).toMatchObject({ entries: 0 })
  const whole = kelpipe(['export', ...store]).stdout
  rmSync(directory, { recursive: true, force: true })
  expect(whole.match(/"t":"(?:icp|ixn)"/g)).toHaveLength(60 * 20)
})
