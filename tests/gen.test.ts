import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { kelpipe } from './support/cli.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-gen-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

interface Row {
  readonly type: string
  readonly aid?: string
  readonly sn?: string
  readonly said?: string
}

const truthOf = (path: string): Row[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)

test('what is made is taken in, and comes to what the truth says', () => {
  const [stream, truth, store] = ['s.cesr', 't.ndjson', 'db'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  const options = ['--shapes', 'all', '--wire', 'v1', '--aids', '60', '--interleave', '7', '--shuffle', '11']
  const damage = ['--drop', '0.01', '--corrupt', '0.02', '--seed', '9']
  expect(kelpipe(['gen', ...options, ...damage, '--out', stream, '--truth', truth]).status).toBe(0)
  expect(kelpipe(['ingest', stream, '--store', store, '--quiet']).status).toBe(5)

  const rows = truthOf(truth)
  const expected = rows
    .filter(({ type }) => type === 'aid')
    .map(({ aid, sn, said }) => `${aid} ${sn} ${said}`)
  const states = kelpipe(['state', '--json', '--store', store]).stdout.trim().split('\n')
  const found = states.map((line) => {
    const { i, s, d } = JSON.parse(line) as Record<'i' | 's' | 'd', string>
    return `${i} ${s} ${d}`
  })
  expect(found.toSorted()).toEqual(expected.toSorted())
  expect(expected.length).toBeGreaterThan(40)
  expect(rows.at(-1)).toMatchObject({ type: 'total', aids: 60 })
})

test('the stream goes to standard output, the words elsewhere', () => {
  const { stdout, stderr, status } = kelpipe(['gen', '--aids', '2', '--events', '3'])
  expect(status).toBe(0)
  expect(stdout.match(/KERI10JSON/g)).toHaveLength(6)
  expect(stderr).toMatch(/^6 messages, [\d,]+ bytes in /)
})

test.each([
  [['--aids', 'many'], 'write a whole number'],
  [['--shapes', 'square'], 'there is no square'],
  [['--wire', 'v1-native'], 'there is no v1-native'],
  [['--drop', '2'], 'a share from 0 to 1'],
  [['--keys', '3/2'], 'how many of how many'],
  [['--witnesses', '40/40'], 'witnesses: a number from 1 to 32 is expected, not 40'],
  [['--truth', '-'], '--out and --truth must differ'],
])('options that make no sense are refused: %j', (options, why) => {
  const { status, stderr, stdout } = kelpipe(['gen', ...options])
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain(why)
})
