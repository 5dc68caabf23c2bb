import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { kel, stream } from './boundary/kel.ts'
import { examples, kelpipe, type Ended } from './support/cli.ts'

let directory: string
let store: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-escrow-'))
  store = join(directory, 'db')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const escrow = (...args: string[]): Ended => kelpipe(['escrow', ...args, '--store', store])
const json = (ended: Ended): unknown[] =>
  ended.stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))

/** Takes in the third and later events of some logs: all of them wait. */
function ingestWaiting(): void {
  const file = join(directory, 'late.cesr')
  writeFileSync(file, stream([0, 1].flatMap((seed) => kel(seed, 4).messages.slice(2))))
  kelpipe(['ingest', file, '--store', store])
}

test('what waits can be listed, looked at, tried again and taken out', () => {
  ingestWaiting()
  const { aid, saids } = kel(0, 4)
  expect(escrow('ls').stdout.split('\n').filter(Boolean)).toHaveLength(4)
  const [first, second] = json(escrow('ls', '--json', '--aid', aid))
  expect(first).toMatchObject({ type: 'escrow-entry', entry: 'event', aid, sn: '2', said: saids[2] })
  const { cursor } = first as { cursor: string }
  expect(json(escrow('ls', '--json', '--limit', '1', '--after', cursor))).toEqual([second])

  expect(escrow('show', saids[2] ?? '').stdout).toContain('ControllerIdxSigs')
  expect(json(escrow('stats', '--json'))).toMatchObject([{ entries: 4, aids: 2 }])
  expect(escrow('retry', '--kind', 'out-of-order').stdout).toBe(
    '4 entries looked at again: nothing changed\n',
  )
  expect(json(escrow('rm', saids[2] ?? '', '--json'))).toEqual([
    { type: 'escrow-remove', entries: 1, became: { removed: 1 } },
  ])
  expect(json(escrow('audit', '--json'))).toMatchObject([{ entries: [{ aid, sn: '2', said: saids[2] }] }])
  expect(escrow('rm', '--aid', aid, '--silent').stdout).toBe('1 entry meant: 1 removed\n')
  expect(json(escrow('audit', '--json'))).toHaveLength(1)
  expect(json(escrow('ls', '--json'))).toHaveLength(2)
})

test('nothing is changed unless it is said what is meant', () => {
  ingestWaiting()
  const all = escrow('rm')
  expect(all.status).toBe(2)
  expect(all.stderr).toMatch(/error config\/selection: .*\n {2}next: name SAIDs/)
  expect(escrow('show', `E${'x'.repeat(43)}`).stderr).toContain('config/unknown-entry')
  expect(escrow('ls', '--kind', 'lost').status).toBe(2)
  expect(json(escrow('ls', '--json'))).toHaveLength(4)
})

test('evidence of duplicity is taken out only by name', () => {
  kelpipe(['ingest', join(examples, 'duplicitous.cesr'), join(examples, 'waiting.cesr'), '--store', store])
  const evidence = json(escrow('ls', '--json', '--kind', 'likely-duplicitous'))
  expect(evidence.length).toBeGreaterThan(0)
  escrow('rm', '--all')
  expect(json(escrow('ls', '--json'))).toEqual(evidence)
  escrow('rm', '--kind', 'likely-duplicitous')
  expect(json(escrow('ls', '--json'))).toEqual([])
})
