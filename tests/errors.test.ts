import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { awaitsNames, escrowKinds, faultCodes, rejectCodes } from '../native/layout.ts'
import { packageRoot } from '../native/root.ts'

const root = packageRoot()
const documented = readFileSync(join(root, 'docs', 'errors.md'), 'utf8')

const sources = ['native', 'operators', 'pipeline']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
      join(root, folder, path),
    ),
  )
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))

test('every code that can stop a run is explained', () => {
  const codes = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/PipelineError\('([a-z]+\/[a-z-]+)'/g)].map(
      ([, code = '']) => code,
    ),
  )
  expect(codes.length).toBeGreaterThan(10)
  expect(codes.filter((code) => !documented.includes(`\`${code}\``))).toEqual([])
})

test('every code of a refused message and of bytes that are no message is explained as the program explains it', () => {
  const all = [...rejectCodes.values(), ...faultCodes]
  const rows = new Set(documented.split('\n').map((line) => line.replaceAll(/ +/g, ' ')))
  const missing = all.filter((each) => !rows.has(`| \`${each.code}\` | ${each.text} | ${each.class} |`))
  expect(missing).toEqual([])
})

test('every escrow, and what is awaited in it, is explained', () => {
  const page = readFileSync(join(root, 'docs', 'escrows.md'), 'utf8')
  const names = [...escrowKinds.map(({ name }) => name), ...awaitsNames]
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})
