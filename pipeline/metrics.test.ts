import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { packageRoot } from '../native/root.ts'
import { kafkaDefinitions } from './kafka/metrics.ts'
import { definitions as always, Metrics, type Definition } from './metrics.ts'

const definitions: Readonly<Record<string, Definition>> = { ...always, ...kafkaDefinitions }

const document = readFileSync(join(packageRoot(), 'docs', 'metrics.md'), 'utf8')

test('the document has a row for each metric, and no other', () => {
  const expected = Object.entries(definitions).map(
    ([name, { type, unit = '', labels = [], help, query }]) =>
      `| \`${name}\` | ${type} | ${unit} | ${labels.join(', ')} | ${help} | \`${query}\` |`,
  )
  expect(document.split('\n').filter((line) => line.startsWith('| `kelpipe_'))).toEqual(expected)
})

test('the document has a row for each metric of the process, and no other', async () => {
  const served = await new Metrics().registry.getMetricsAsJSON()
  const expected = served
    .filter(({ name }) => !(name in definitions))
    .map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`)
  expect(expected.length).toBeGreaterThan(10)
  expect(document.split('\n').filter((line) => /^\| `(process|nodejs)_/.test(line))).toEqual(expected)
})

test('names say the unit, and of a counter that it is one', () => {
  const wrong = Object.entries(definitions).filter(([name, { type, unit }]) => {
    const bare = name.replace(/_total$/, '')
    if ((bare !== name) !== (type === 'counter')) return true
    return ['bytes', 'seconds'].some((base) => bare.endsWith(`_${base}`) !== (unit === base))
  })
  expect(wrong).toEqual([])
})

test('a reading of a metric that does not exist is a defect', async () => {
  const metrics = new Metrics()
  metrics.ask(() => [['kelpipe_unheard_of_total', 1]])
  await expect(metrics.page()).rejects.toThrow('kelpipe_unheard_of_total')
})

test('a scrape shows what its sources say then, however often it is repeated', async () => {
  const metrics = new Metrics()
  let count = 3
  metrics.ask(() => [['kelpipe_duplicity_total', count]])
  expect(await metrics.page()).toContain('\nkelpipe_duplicity_total 3\n')
  count = 5
  await Promise.all([metrics.page(), metrics.page()])
  expect(await metrics.page()).toContain('\nkelpipe_duplicity_total 5\n')
})
