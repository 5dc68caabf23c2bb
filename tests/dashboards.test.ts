import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { boards } from '../dashboards/index.ts'
import { dashboardOf } from '../dashboards/model.ts'
import { packageRoot } from '../native/root.ts'
import { kafkaDefinitions } from '../pipeline/kafka/metrics.ts'
import { definitions, Metrics } from '../pipeline/metrics.ts'

const folder = join(packageRoot(), 'dashboards', 'json')

interface Panel {
  readonly type: string
  readonly title?: string
  readonly description?: string
  readonly datasource?: { uid?: string }
  readonly fieldConfig?: { defaults: { unit?: string } }
  readonly targets?: readonly { expr: string; legendFormat?: string; datasource?: { uid?: string } }[]
}

const made = boards.map((board) => ({ board, json: dashboardOf(board) }))
const panels = made.flatMap(({ board, json }) =>
  ((json.panels ?? []) as Panel[])
    .filter(({ type }) => type !== 'row')
    .map((panel) => ({ where: `${board.name}: ${panel.title}`, ...panel })),
)

// `npx vitest run tests/dashboards.test.ts -u` writes the files anew.
test('the files are what the code makes', async () => {
  for (const { board, json } of made)
    await expect(`${JSON.stringify(json, undefined, 2)}\n`).toMatchFileSnapshot(
      join(folder, `${board.name}.json`),
    )
  expect(readdirSync(folder).toSorted()).toEqual(boards.map(({ name }) => `${name}.json`).toSorted())
})

// The rules of Grafana's dashboard linter that concern dashboards of Prometheus.
test('a dashboard chooses its data source, jobs and instances, and has no identity of one installation', () => {
  for (const { board, json } of made) {
    const variables = (json.templating?.list ?? []).map(({ name, type, label }) => ({ name, type, label }))
    expect(variables, board.name).toEqual([
      { name: 'datasource', type: 'datasource', label: 'Data source' },
      { name: 'job', type: 'query', label: 'Job' },
      { name: 'instance', type: 'query', label: 'Instance' },
    ])
    expect(json).toMatchObject({ uid: `kelpipe-${board.name}`, editable: false, tags: ['kelpipe'] })
    expect(json.id ?? null, board.name).toBeNull()
  }
})

test('every panel has a title of its own, a description, a unit, and the chosen data source', () => {
  expect(panels.length).toBeGreaterThan(25)
  for (const { where, title, description, datasource, fieldConfig, targets = [] } of panels) {
    expect(title, where).toMatch(/^[A-Z]/)
    expect(description, where).toMatch(/\.$/)
    expect(fieldConfig?.defaults.unit, where).toBeTruthy()
    expect(datasource?.uid, where).toBe('$datasource')
    expect(
      targets.map((target) => target.datasource?.uid),
      where,
    ).toEqual(['$datasource'])
    expect(targets[0]?.legendFormat, where).toMatch(/\{\{\w+\}\}/)
  }
  expect(new Set(panels.map(({ where }) => where)).size).toBe(panels.length)
})

test('every query chooses jobs and instances, takes rates over an interval that fits, and names metrics there are', async () => {
  const served = (await new Metrics().registry.getMetricsAsJSON()).map(({ name }) => name)
  const known = new Set([...Object.keys(definitions), ...Object.keys(kafkaDefinitions), ...served])
  for (const { where, targets = [] } of panels)
    for (const { expr } of targets) {
      const selectors = [...expr.matchAll(/\b((?:kelpipe|process|nodejs)_\w+)(\{[^}]*\})?/g)]
      expect(selectors.length, where).toBeGreaterThan(0)
      for (const [, name = '', selector] of selectors) {
        expect(
          known.has(name.replace(/_(bucket|sum|count)$/, '')) || known.has(name),
          `${where}: ${name}`,
        ).toBe(true)
        expect(selector, where).toContain('job=~"$job", instance=~"$instance"')
      }
      for (const [, range] of expr.matchAll(/\b(?:rate|increase)\([^[]*\[([^\]]+)\]/g))
        expect(range, where).toBe('$__rate_interval')
    }
})
