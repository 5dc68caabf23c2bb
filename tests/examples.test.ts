import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { packageRoot } from '../native/root.ts'
import { kelpipe } from './support/cli.ts'

interface Row {
  readonly type: string
  readonly aid: string
  readonly sn: string
  readonly said: string
  readonly kind: string
}

const folder = join(packageRoot(), 'examples')
const truths = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Record<string, readonly Row[]>
const files = readdirSync(folder).filter((name) => name.endsWith('.cesr'))

let directory: string
let store: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-examples-'))
  store = join(directory, 'db')
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('the generator makes the examples, their truth and their list as they are', () => {
  const script = join(packageRoot(), 'scripts', 'examples.mjs')
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(Object.keys(truths).toSorted()).toEqual(files.toSorted())
})

test('all of them together come to what their truths say', () => {
  const lines = (...args: string[]): Row[] =>
    kelpipe([...args, '--json', '--store', store])
      .stdout.split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row)
  const places = (rows: readonly Row[]): string[] =>
    rows.map(({ aid, sn, said, kind }) => `${aid} ${sn} ${said} ${kind}`).toSorted()
  const truth = Object.values(truths).flat()

  expect(kelpipe(['ingest', folder, '--store', store, '--quiet']).status).toBe(5)
  const states = lines('state') as unknown as { i: string; s: string; d: string }[]
  expect(states.map(({ i, s, d }) => `${i} ${s} ${d}`).toSorted()).toEqual(
    truth
      .filter(({ type }) => type === 'aid')
      .map(({ aid, sn, said }) => `${aid} ${sn} ${said}`)
      .toSorted(),
  )
  const waiting = lines('escrow', 'ls') as unknown as (Row & { kinds: readonly { kind: string }[] })[]
  expect(places(waiting.flatMap((row) => row.kinds.map(({ kind }) => ({ ...row, kind }))))).toEqual(
    places(truth.filter(({ type }) => type === 'waiting' || type === 'evidence')),
  )
})
