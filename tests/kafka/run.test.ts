import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { beforeAll, describe, expect, test } from 'vitest'

import { kafkaDefinitions } from '../../pipeline/kafka/metrics.ts'
import { kel } from '../boundary/kel.ts'
import { canBroker, suiteBroker } from '../support/broker.ts'
import { kelpipe, startKelpipe } from '../support/cli.ts'
import { Field } from '../support/fleet.ts'
import { numberOf, saidBy, samplesOf } from '../support/metrics.ts'
import { until } from '../support/prometheus.ts'

// Goal: what a person runs does all of it. Method: the program with a configuration, asked over HTTP and by signals.
describe.skipIf(!canBroker)('kelpipe run', () => {
  const kafka = suiteBroker('run')
  const { folder } = kafka
  const config = join(folder, 'kelpipe.yaml')
  beforeAll(() => {
    writeFileSync(
      config,
      `kafka: {brokers: ['${kafka.broker.address}']}
source: {topic: run.kels, group: run.kels-group}
sinks: {accepted: run.accepted, escrows: run.escrows, exchange: run.exchange, deadLetters: run.dead, replicas: 1}
store: ${join(folder, 'databases')}
http: 127.0.0.1:0
`,
    )
  })

  test('without the topic it says what is missing, and ends with the code of a configuration', () => {
    const { status, stderr } = kelpipe(['run', '-c', config, '--set', 'source.topic=nowhere'])
    expect(stderr).toContain('there is no topic nowhere')
    expect(status).toBe(78)
  })

  test('without brokers it says so, and ends with the code of what cannot be reached', () => {
    const { status, stderr } = kelpipe(['dlq', 'ls', '-c', config, '--set', 'kafka.brokers=127.0.0.1:9'])
    expect(stderr).toContain('cannot reach Kafka at 127.0.0.1:9')
    expect(status).toBe(6)
  })

  test('it works, tells how it is, keeps dead letters, sends them again, and leaves when it is told to', async () => {
    const field = await Field.open(kafka.broker.address, folder, 'run', 2)
    const log = kel(7, 4)
    await field.send(log.messages.map((bytes) => ({ aid: log.aid, bytes })))
    const at = { topic: 'run.kels', partition: field.partitionOf(log.aid), headers: {} }
    await field.sendRecords([{ ...at, key: log.aid, value: Buffer.from('no message') }])
    const child = startKelpipe(['run', '-c', config])
    const [port] = await saidBy(child, /metrics on http:\S+:(\d+)/)
    const page = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    const done = async (): Promise<boolean> =>
      numberOf(await page('/metrics'), 'kelpipe_kafka_published_offset') === 5
    expect(await until(done, 20_000)).toBe(true)
    const metrics = await page('/metrics')
    expect(numberOf(metrics, 'kelpipe_kafka_partitions', { state: 'ready' })).toBe(2)
    expect(numberOf(metrics, 'kelpipe_kafka_lag_records')).toBe(0)
    expect(numberOf(metrics, 'kelpipe_kafka_sent_records_total', { sink: 'accepted' })).toBe(4)
    expect(numberOf(metrics, 'kelpipe_kafka_dead_letters_total')).toBe(1)
    expect(numberOf(metrics, 'kelpipe_messages_total', { verdict: 'accepted' })).toBe(4)
    const served = new Set(samplesOf(metrics).map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))
    expect(Object.keys(kafkaDefinitions).filter((name) => !served.has(name))).toEqual([])
    expect(JSON.parse(await page('/health/ready'))).toMatchObject({ status: 'ready' })
    expect(JSON.parse(await page('/health/live'))).toEqual({ status: 'live' })
    const listed = kelpipe(['dlq', 'ls', '-c', config, '--json'])
    expect(JSON.parse(listed.stdout)).toMatchObject({
      type: 'dead-letter',
      reason: expect.stringMatching(/^cesr\//) as string,
      from: { topic: 'run.kels', partition: at.partition, offset: 4 },
      key: log.aid,
    })
    expect(kelpipe(['dlq', 'ls', '-c', config, '--reason', 'record/']).stdout).toBe('')
    expect(kelpipe(['dlq', 'replay', '-c', config]).stderr).toContain('1 dead letters sent to run.kels again')
    const again = async (): Promise<boolean> =>
      numberOf(await page('/metrics'), 'kelpipe_kafka_dead_letters_total') === 2
    expect(await until(again, 20_000)).toBe(true)
    child.kill('SIGTERM')
    const [status] = (await once(child, 'exit')) as [number]
    expect(status).toBe(130)
    const accepted = (await field.records('run.accepted')).flat()
    expect(accepted.map(({ headers }) => headers)).toEqual(
      log.saids.map((said, sn) => ({ sn: `${sn}`, said, ilk: sn === 0 ? 'icp' : 'ixn', fn: `${sn}` })),
    )
    expect(Buffer.concat(accepted.map(({ value }) => value ?? new Uint8Array(0)))).toEqual(
      Buffer.concat(log.messages),
    )
    await field.client.close()
  })
})
