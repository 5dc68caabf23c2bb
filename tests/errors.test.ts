import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

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
