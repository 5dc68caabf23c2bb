import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import { expect, test } from 'vitest'

import { packageRoot } from '../native/root.ts'

const root = packageRoot()

/** Who may import whom: a module's area, and the areas that it may name. `run` is where they all meet. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  native: ['native'],
  operators: ['operators', 'native'],
  'pipeline/sources': ['pipeline/sources', 'pipeline', 'operators', 'native'],
  'pipeline/sinks': ['pipeline/sinks', 'pipeline', 'operators', 'native'],
  'pipeline/store': ['pipeline/store', 'pipeline', 'operators', 'native'],
  pipeline: ['pipeline', 'pipeline/commands', 'operators', 'native'],
  'pipeline/database': [
    'pipeline/database',
    'pipeline/sources',
    'pipeline/store',
    'pipeline',
    'operators',
    'native',
  ],
  'pipeline/http': [
    'pipeline/http',
    'pipeline/escrow',
    'pipeline/sources',
    'pipeline/sinks',
    'pipeline/store',
    'pipeline',
    'operators',
    'native',
  ],
  'pipeline/escrow': ['pipeline/escrow', 'pipeline/store', 'pipeline', 'operators', 'native'],
  'pipeline/sim': ['pipeline/sim', 'pipeline/sources', 'pipeline/store', 'pipeline', 'operators', 'native'],
  'pipeline/telemetry': [
    'pipeline/telemetry',
    'pipeline/escrow',
    'pipeline/sources',
    'pipeline/store',
    'pipeline',
    'operators',
    'native',
  ],
  'pipeline/kafka': [
    'pipeline/kafka',
    'pipeline/telemetry',
    'pipeline/escrow',
    'pipeline/sources',
    'pipeline/store',
    'pipeline',
    'operators',
    'native',
  ],
  'pipeline/config': ['pipeline/config', 'pipeline/kafka', 'pipeline', 'native'],
  'pipeline/commands': [
    'pipeline/commands',
    'pipeline/config',
    'pipeline/kafka',
    'pipeline/telemetry',
    'pipeline/database',
    'pipeline/escrow',
    'pipeline/http',
    'pipeline/sim',
    'pipeline/sources',
    'pipeline/sinks',
    'pipeline/store',
    'pipeline',
    'operators',
    'native',
  ],
}

/** Files that compose, or go over a store: they may name sources, sinks and stores. */
const composers: ReadonlySet<string> = new Set([
  'pipeline/engine.ts',
  'pipeline/flood.ts',
  'pipeline/framed.ts',
  'pipeline/history.ts',
  'pipeline/origins.ts',
  'pipeline/replay.ts',
  'pipeline/run.ts',
  'pipeline/sweep.ts',
])

const areas = Object.keys(allowed).toSorted((a, b) => b.length - a.length)
const areaOf = (path: string): string | undefined => areas.find((area) => path.startsWith(`${area}/`))

const modules = ['native', 'operators', 'pipeline']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('/testing/'))

const importsOf = (path: string): string[] =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, name = '']) =>
    relative(root, join(root, dirname(path), name)),
  )

test('TypeScript imports run from pipeline to operators to native, and sources, sinks and stores do not meet', () => {
  const wrong = modules.flatMap((path) =>
    importsOf(path)
      .filter(
        (target) =>
          !composers.has(path) && !(allowed[areaOf(path) ?? ''] ?? []).includes(areaOf(target) ?? ''),
      )
      .map((target) => `${path} imports ${target}`),
  )
  expect(wrong).toEqual([])
})

test('one folder knows the library that speaks to Kafka', () => {
  const naming = modules.filter((path) => /from 'kafkajs'/.test(readFileSync(join(root, path), 'utf8')))
  expect(naming.length).toBeGreaterThan(0)
  expect(naming.filter((path) => !path.startsWith('pipeline/kafka/client/kafkajs/'))).toEqual([])
})

test('Rust crates name only those below them', () => {
  const below: Readonly<Record<string, readonly string[]>> = {
    cesr: [],
    crypto: [],
    keri: ['cesr', 'crypto'],
    gen: ['cesr'],
    node: ['cesr', 'crypto', 'gen', 'keri'],
  }
  const wrong = Object.entries(below).flatMap(([crate, names]) => {
    const path = join(root, 'native', crate, 'Cargo.toml')
    const manifest = existsSync(path) ? readFileSync(path, 'utf8') : ''
    const dependencies = /\[dependencies\]([^[]*)/.exec(manifest)?.[1] ?? ''
    return [...dependencies.matchAll(/^kelpipe-(\w+)/gm)]
      .map(([, name = '']) => name)
      .filter((name) => !names.includes(name))
      .map((name) => `${crate} names ${name}`)
  })
  expect(wrong).toEqual([])
})

test('no file is longer than can be read at a sitting', () => {
  const made = 'native/layout.ts'
  const long = modules.filter(
    (path) => path !== made && readFileSync(join(root, path), 'utf8').split('\n').length > 420,
  )
  expect(long).toEqual([])
})
