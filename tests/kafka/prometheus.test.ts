import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { fleet } from '../../dashboards/fleet.ts'
import { kafkaDefinitions } from '../../pipeline/kafka/metrics.ts'
import { kel } from '../boundary/kel.ts'
import { Broker, canBroker } from '../support/broker.ts'
import { startKelpipe } from '../support/cli.ts'
import { Field } from '../support/fleet.ts'
import { saidBy } from '../support/metrics.ts'
import { Prometheus, until } from '../support/prometheus.ts'

const installed = spawnSync('prometheus', ['--version']).status === 0
/** A minute of the rules is two seconds. */
const haste = 30

// Goal: the dashboard of the fleet and its alerts are true of what runs. Method: a real Prometheus watches a real worker
// on a real broker, which is given messages and bytes that are none.
describe.skipIf(!canBroker || !installed)('a worker on Kafka that Prometheus watches', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kelpipe-fleet-'))
  let broker: Broker
  let worker: ChildProcess
  let prometheus: Prometheus
  let settings: string[] = []
  let field: Field
  let timer: NodeJS.Timeout

  beforeAll(async () => {
    broker = await Broker.start(join(folder, 'broker'))
    field = await Field.open(broker.address, folder, 'watched', 2)
    const { input, accepted, escrows, exchange, deadLetters, states = '', duplicity = '' } = field.topics
    settings = Object.entries({
      'kafka.brokers': broker.address,
      'source.topic': input,
      'sinks.accepted': accepted,
      'sinks.escrows': escrows,
      'sinks.exchange': exchange,
      'sinks.deadLetters': deadLetters,
      'sinks.states': states,
      'sinks.duplicity': duplicity,
      'sinks.replicas': '1',
      store: join(folder, 'db'),
      http: '127.0.0.1:0',
    }).flatMap(([name, value]) => ['--set', `${name}=${value}`])
    worker = startKelpipe(['run', ...settings])
    const [port] = await saidBy(worker, /metrics on http:\S+:(\d+)/)
    prometheus = await Prometheus.start(folder, new Map([['worker', Number(port)]]), haste)
    let seed = 0
    timer = setInterval(() => {
      const { aid, messages } = kel((seed += 1), 3)
      const to = { topic: input, partition: field.partitionOf(aid), key: aid, headers: {} }
      const values = [...messages, Buffer.from('no message')]
      field.sendRecords(values.map((value) => ({ ...to, value }))).catch(() => undefined)
    }, 250)
  }, 120_000)
  afterAll(async () => {
    clearInterval(timer)
    worker.kill('SIGINT')
    if (worker.exitCode === null) await once(worker, 'exit')
    prometheus.stop()
    await field.client.close()
    await broker.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('every panel of the dashboard gives data', async () => {
    for (const { title, query } of Object.values(fleet.rows).flat()) {
      const asked = query.replaceAll('$selector', 'job=~".+"').replaceAll('$__rate_interval', '5m')
      const gives = await until(async () => (await prometheus.query(asked)).length > 0, 30_000)
      expect(gives, `${title}: ${asked}`).toBe(true)
    }
  })

  test('every example of docs/metrics.md gives data, but those of a state that is made anew', async () => {
    for (const [name, { query }] of Object.entries(kafkaDefinitions)) {
      if (name.includes('rebuild')) continue
      const gives = await until(
        async () => (await prometheus.query(query.replace('[1h]', '[60m]'))).length > 0,
      )
      expect(gives, name).toBe(true)
    }
  })

  test('dead letters raise the alert, and the worker raises no other', async () => {
    const firing = async (): Promise<unknown[]> =>
      (await prometheus.query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric['alertname'])
    await until(async () => (await firing()).length > 0)
    expect(await firing()).toEqual(['KelpipeDeadLetters'])
  })
})
