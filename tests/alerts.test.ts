import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { packageRoot } from '../native/root.ts'
import { kafkaDefinitions } from '../pipeline/kafka/metrics.ts'
import { definitions, Metrics } from '../pipeline/metrics.ts'

const folder = join(packageRoot(), 'deploy', 'prometheus')
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const alerts = [...read('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
const promtool = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' })
const installed = promtool('--version').status === 0

test.skipIf(!installed)('rules and alerts are well formed, and behave in their cases as they should', () => {
  expect(promtool('check', 'config', '--syntax-only', 'prometheus.yml')).toMatchObject({ status: 0 })
  expect(promtool('check', 'rules', 'rules.yml', 'alerts.yml')).toMatchObject({ status: 0 })
  const { status, stdout, stderr } = promtool('test', 'rules', 'alerts.test.yml')
  expect(`${stdout}${stderr}`).toContain('SUCCESS')
  expect(status).toBe(0)
})

test('every alert has a case in which it fires, and a paragraph of the runbook', () => {
  expect(alerts.length).toBeGreaterThan(8)
  const cases = read('alerts.test.yml')
  const runbook = readFileSync(join(packageRoot(), 'docs', 'runbook.md'), 'utf8')
  const headings = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, name]) => name)
  expect(headings).toEqual(alerts)
  for (const alert of alerts) {
    expect(cases, alert).toMatch(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n`))
    expect(read('alerts.yml'), alert).toContain(`runbook_url: docs/runbook.md#${alert.toLowerCase()}\n`)
  }
})

test('rules and alerts name metrics that there are', async () => {
  const served = (await new Metrics().registry.getMetricsAsJSON()).map(({ name }) => name)
  const known = new Set([...Object.keys(definitions), ...Object.keys(kafkaDefinitions), ...served])
  const named = [
    ...`${read('rules.yml')}${read('alerts.yml')}`.matchAll(/(?<![:\w])(?:kelpipe|nodejs|process)_\w+/g),
  ]
  expect(named.length).toBeGreaterThan(10)
  const unknown = named.map(([name]) => name.replace(/_bucket$/, '')).filter((name) => !known.has(name))
  expect(unknown).toEqual([])
  const recorded = new Set([...read('rules.yml').matchAll(/record: (\S+)/g)].map(([, name]) => name))
  const used = [...read('alerts.yml').matchAll(/job_instance[\w:]+/g)].map(([name]) => name)
  expect(used.filter((name) => !recorded.has(name))).toEqual([])
})
