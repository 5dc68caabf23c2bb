import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { examples, kelpipe } from './support/cli.ts'

interface Expected {
  readonly files: Readonly<
    Record<string, { readonly keyStates: Readonly<Record<string, { sn: string; said: string }>> }>
  >
}

const expected = JSON.parse(readFileSync(join(examples, 'expected.json'), 'utf8')) as Expected
const files = readdirSync(examples).filter((name) => name.endsWith('.cesr'))

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-examples-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('every sample is described', () => {
  expect(Object.keys(expected.files).toSorted()).toEqual(files.toSorted())
})

test.each(files)('%s proves the key states that the reference finds in it', (name) => {
  const store = join(directory, name)
  expect(kelpipe(['ingest', join(examples, name), '--store', store, '--quiet']).status).toBeLessThan(6)
  const lines = kelpipe(['state', '--json', '--store', store])
    .stdout.split('\n')
    .filter((line) => line !== '')
  const states = lines.map((line) => JSON.parse(line) as { i: string; s: string; d: string })
  expect(Object.fromEntries(states.map(({ i, s, d }) => [i, { sn: s, said: d }]))).toEqual(
    expected.files[name]?.keyStates,
  )
})
