import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { kel, stream, variant } from './boundary/kel.ts'
import { examples, kelpipe, type Ended } from './support/cli.ts'
import { Controller, attached, couple } from './support/controller.ts'

let directory: string
let store: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-duplicity-'))
  store = join(directory, 'db')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const ingest = (...messages: (Uint8Array | undefined)[]): Ended => {
  const file = join(directory, `${Math.random()}.cesr`)
  writeFileSync(file, stream(messages.filter((message) => message !== undefined)))
  return kelpipe(['ingest', file, '--store', store, '--json'])
}
const duplicity = (...args: string[]): Ended => kelpipe(['duplicity', ...args, '--store', store])
const lines = (ended: Ended): Record<string, unknown>[] =>
  ended.stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('both events are kept with who brought them and when, and can be listed and shown', () => {
  const { aid, messages, saids } = kel(0, 4)
  const other = variant(0, 2)
  expect(ingest(...messages).status).toBe(0)
  expect(ingest(other.message).status).toBe(5)
  const expected = {
    type: 'duplicity',
    class: 'fork',
    aid,
    sn: '2',
    accepted: { said: saids[2], source: 1 },
    other: { said: other.said, signed: true, committed: true, witnessed: true, anchored: true },
  }
  expect(lines(duplicity('ls', '--json'))).toMatchObject([expected])
  for (const which of [aid, `${aid}@2`, other.said]) {
    const [shown] = lines(duplicity('show', which, '--json'))
    expect(shown).toMatchObject(expected)
    const { accepted, other: contradicting } = (shown ?? {})['messages'] as Record<
      'accepted' | 'other',
      string
    >
    expect(accepted).toContain(`"d":"${saids[2]}"`)
    expect(contradicting).toContain(`"d":"${other.said}"`)
  }
  expect(duplicity('ls').stdout).toContain(`sn 2  fork\n  holds: ${saids[2]}, since `)
  expect(duplicity('show', `E${'x'.repeat(43)}`).stderr).toContain('config/unknown-entry')
})

test('exported evidence is judged the same without the database, by whoever has nothing but the file', () => {
  for (const seed of [0, 1]) {
    const { messages } = kel(seed, 5)
    ingest(...messages)
    ingest(variant(seed, 3).message)
  }
  const before = lines(duplicity('ls', '--json'))
  expect(before).toHaveLength(2)
  const file = join(directory, 'evidence.cesr')
  expect(duplicity('export', '--out', file).status).toBe(0)
  const verified = kelpipe(['verify', '--json', file])
  expect(verified.status).toBe(5)
  expect(lines(verified)).toMatchObject([
    { accepted: 8, escrowed: { 'likely-duplicitous': 2 }, rejected: {}, faults: 0 },
  ])
  const elsewhere = join(directory, 'elsewhere')
  kelpipe(['ingest', file, '--store', elsewhere])
  const said = (all: Record<string, unknown>[]): unknown[] =>
    all.map(({ class: strength, aid, sn, accepted, other }) => [
      strength,
      aid,
      sn,
      (accepted as { said: string }).said,
      (other as { said: string }).said,
    ])
  expect(said(lines(kelpipe(['duplicity', 'ls', '--json', '--store', elsewhere])))).toEqual(said(before))
})

test('a recovery and what comes late from the branch that it superseded are no duplicity', () => {
  const recovered = readFileSync(join(examples, 'recovered.cesr'), 'latin1')
  const starts = [...recovered.matchAll(/\{"v":"KERI/g)].map(({ index }) => index)
  const messages = starts.map((start, index) =>
    Buffer.from(recovered.slice(start, starts[index + 1]), 'latin1'),
  )
  const [icp, first, second, third, rotation, after] = messages
  const orders = [
    [icp, first, second, third, rotation, after],
    [icp, first, second, rotation, third, after],
    [icp, first, second, rotation, after, third],
    [icp, first, rotation, second, after],
  ]
  for (const order of orders) {
    const file = join(directory, 'order.cesr')
    writeFileSync(file, Buffer.concat(order.map((message) => message ?? Buffer.alloc(0))))
    const { stdout } = kelpipe(['verify', '--json', file])
    const summary = JSON.parse(stdout) as { escrowed: object; rejected: Record<string, number> }
    expect(Object.keys(summary.escrowed)).toEqual([])
    expect(Object.keys(summary.rejected).filter((code) => code !== 'keri/superseded-late')).toEqual([])
  }
})

test('the key state of the past can be asked for', () => {
  const { aid, messages, saids } = kel(0, 4)
  ingest(...messages)
  const state = (...args: string[]): Ended => kelpipe(['state', aid, '--store', store, ...args])
  expect(JSON.parse(state('--at', '1').stdout)).toMatchObject({ s: '1', d: saids[1] })
  expect(JSON.parse(state('--at-fn', '2').stdout)).toMatchObject({ s: '2', f: '2', d: saids[2] })
  expect(state('--at', '7').stderr).toContain('config/unknown-aid')
})

// Goal: what is judged of evidence holds for whoever has only the exported file. Method: a delegated AID of two keys and
// three witnesses forks; another contradicts itself without enough receipts; a third one's other inception has no seal.
test('of witnessed and delegated AIDs, too, the file says what the database said', () => {
  const boss = new Controller('boss')
  const child = new Controller('child', { keys: 2, witnesses: 3, toad: 2, delegator: boss.inception.aid })
  const { inception } = child
  const sealing = boss.interact(inception)
  const told = child.interact()
  const other = child.otherwise(inception, boss.inception)
  const weak = child.otherwise(told, boss.inception)
  const after = child.otherwise(told)
  const whole = [
    attached(boss.inception, boss.inception.sigs(0)),
    attached(sealing, sealing.sigs(0)),
    attached(inception, inception.sigs(0, 1), inception.wigs(0, 2), couple(sealing)),
    attached(told, told.sigs(0, 1), told.wigs(0, 1)),
    attached(after, after.sigs(0, 1), after.wigs(0, 1)),
  ]
  expect(ingest(...whole).status).toBe(0)
  ingest(
    attached(other, other.sigs(0, 1), other.wigs(0)),
    attached(other, other.sigs(0, 1), other.wigs(2)),
    attached(weak, weak.sigs(1), weak.wigs(0)),
  )
  const strengths = (all: Record<string, unknown>[]): unknown[] =>
    all.map(({ class: strength, sn, accepted, other: contradicting }) => {
      const shown = contradicting as Record<string, unknown>
      const kept = ['said', 'signed', 'committed', 'witnessed', 'anchored']
      const how = Object.fromEntries(kept.map((name) => [name, shown[name]]))
      return { strength, sn, held: (accepted as { said: string }).said, ...how }
    })
  const before = strengths(lines(duplicity('ls', '--json')))
  const sound = { committed: true, anchored: true }
  expect(before).toEqual([
    { ...sound, strength: 'fork', sn: '1', held: told.said, said: other.said, signed: true, witnessed: true },
    {
      ...sound,
      strength: 'contradiction',
      sn: '2',
      held: after.said,
      said: weak.said,
      signed: false,
      witnessed: false,
    },
  ])
  expect(duplicity('ls').stdout).toContain('(lacks signatures and witness receipts)')
  const file = join(directory, 'evidence.cesr')
  duplicity('export', inception.aid, '--out', file)
  const verified = kelpipe(['verify', '--json', file])
  expect(lines(verified)).toMatchObject([
    { accepted: 5, escrowed: { 'likely-duplicitous': 2 }, rejected: {}, faults: 0 },
  ])
  const elsewhere = join(directory, 'elsewhere')
  kelpipe(['ingest', file, '--store', elsewhere])
  expect(strengths(lines(kelpipe(['duplicity', 'ls', '--json', '--store', elsewhere])))).toEqual(before)
})
