import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { fleet } from '../dashboards/fleet.ts'
import { boards } from '../dashboards/index.ts'
import { definitions } from '../pipeline/metrics.ts'
import { Prometheus, until } from './support/prometheus.ts'
import { Scene, scripts } from './support/scenes.ts'

const installed = spawnSync('prometheus', ['--version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'kelpipe-prometheus-'))
const ended = new AbortController()
const scenes = scripts.map(({ name }) => new Scene(name, folder, ended.signal))
const fired = new Set<string>()
const expected = scripts.flatMap(({ name, alert }) => (alert === undefined ? [] : [`${alert} of ${name}`]))
const delay = monitorEventLoopDelay({ resolution: 10 })
let prometheus: Prometheus

/** What the pipelines need to start on a machine with two cores that does little else. */
const idleStartMs = 6_000
/** Event loops that stand still for so long at a time, without a cause of their own, are starved. */
const starvedMs = 100

// Goal: rules, alerts and queries are true of what runs. Method: a real Prometheus watches pipelines, each of which is
// made to suffer one thing; an alert may fire for the one that it is meant for, and for no other. A minute of the rules
// is a second, or some seconds where the machine is busy, as the time shows that the pipelines need to start.
describe.skipIf(!installed)('a real Prometheus', () => {
  beforeAll(async () => {
    const before = performance.now()
    await Promise.all(
      scripts.map(async ({ start = async (scene) => scene.start() }, index) => start(scenes[index] as Scene)),
    )
    const ports = new Map(scenes.map(({ name, metricsPort }) => [name, metricsPort]))
    const haste = Math.min(60, Math.max(12, (60 * idleStartMs) / (performance.now() - before)))
    prometheus = await Prometheus.start(folder, ports, haste)
    await until(async () => (await prometheus.query('up == 1')).length === scenes.length)
    delay.enable()
    for (const scene of scenes) scene.haste = haste
    for (const [index, { name, alert, play }] of scripts.entries())
      void play(scenes[index] as Scene, () => fired.has(`${alert} of ${name}`))
    await until(
      async () => {
        for (const { metric } of await prometheus.query('ALERTS{alertstate="firing"}'))
          fired.add(`${metric['alertname']} of ${metric['instance']}`)
        return expected.every((each) => fired.has(each))
      },
      (50 * 60_000) / haste,
    )
  }, 330_000)
  afterAll(async () => {
    ended.abort()
    delay.disable()
    for (const scene of scenes) scene.signal('SIGCONT')
    await Promise.all(scenes.map(async (scene) => scene.kill()))
    prometheus.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('each alert fires for the pipeline that it is meant for, and for no other', () => {
    // Where this process stands still as well, the machine has too little time for all, and these alerts are right.
    const starved = delay.percentile(99) / 1e6 > starvedMs
    const meant = (name: string): boolean =>
      expected.includes(name) || !(starved && /^Kelpipe(EventLoopBlocked|Down) /.test(name))
    expect([...fired].filter(meant).toSorted()).toEqual(expected.toSorted())
  })

  test('every rule is evaluated, and those that record give data', async () => {
    const rules = await prometheus.rules()
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
    const recorded = rules.map(({ name }) => name).filter((name) => name.includes(':'))
    expect(recorded.length).toBeGreaterThan(5)
    for (const name of recorded) expect(await prometheus.query(name), name).not.toEqual([])
  })

  test('every example of docs/metrics.md gives data', async () => {
    for (const [name, { query }] of Object.entries(definitions))
      expect(await prometheus.query(query.replace('[1h]', '[60m]')), name).not.toEqual([])
  })

  test('every panel of every dashboard gives data', async () => {
    // Those of workers on Kafka are tried in tests/kafka/prometheus.test.ts.
    for (const { name, rows } of boards.filter((board) => board !== fleet))
      for (const { title, query } of Object.values(rows).flat()) {
        const asked = query.replaceAll('$selector', 'job=~".+"').replaceAll('$__rate_interval', '5m')
        expect(await prometheus.query(asked), `${name}: ${title}`).not.toEqual([])
      }
  })
})
