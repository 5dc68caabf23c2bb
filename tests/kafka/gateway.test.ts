import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { beforeAll, describe, expect, test } from 'vitest'

import { canBroker, suiteBroker } from '../support/broker.ts'
import { kelpipe, startKelpipe } from '../support/cli.ts'
import { Field, generated } from '../support/fleet.ts'
import { numberOf, saidBy } from '../support/metrics.ts'
import { until } from '../support/prometheus.ts'

// Goal: whatever way messages come, workers get them as if producers had sent them. Method: a gateway, then a worker.
describe.skipIf(!canBroker)('a gateway', () => {
  const suite = suiteBroker('gateway')
  const { folder } = suite
  const config = join(folder, 'kelpipe.yaml')
  beforeAll(() => {
    writeFileSync(
      config,
      `role: gateway
kafka: {brokers: ['${suite.broker.address}']}
sinks: {replicas: 1}
http: 127.0.0.1:0
`,
    )
  })
  const settingsOf = ({ topics }: Field, more: readonly string[] = []): string[] => {
    const { input, accepted, escrows, exchange, deadLetters, states, duplicity } = topics
    const sinks = Object.entries({ accepted, escrows, exchange, deadLetters, states, duplicity })
    const named = sinks.map(([sink, topic]) => `sinks.${sink}=${topic}`)
    return [`source.topic=${input}`, ...named, ...more].flatMap((setting) => ['--set', setting])
  }

  test('sends the messages of a file, keyed, and what is none to the dead letters', async () => {
    const field = await Field.open(suite.broker.address, folder, 'file', 3)
    const messages = await generated({
      aids: 30,
      events: 20,
      interleave: 30,
      shapes: ['single', 'delegated'],
    })
    const half = messages.length >> 1
    const bytesOf = (from: number, to?: number): Buffer =>
      Buffer.concat(messages.slice(from, to).map(({ bytes }) => bytes))
    const path = join(folder, 'events.cesr')
    writeFileSync(path, Buffer.concat([bytesOf(0, half), Buffer.from('garbage, '), bytesOf(half)]))
    const flags = settingsOf(field, [`gateway.sources=${path}`])
    const { status, stderr } = kelpipe(['run', '-c', config, ...flags])
    expect(status, stderr).toBe(3)
    const letters = (await field.records(field.topics.deadLetters)).flat()
    expect(
      letters.map(({ value, headers: { source } }) => [Buffer.from(value ?? []).toString(), source]),
    ).toEqual([['garbage, ', path]])
    const records = (await field.records(field.topics.input)).flat()
    expect(records.length).toBeLessThan(messages.length)
    const { stop } = await field.worker('a')
    const expected = await field.alone(messages)
    const digests = async (): Promise<string[]> => field.digests(() => 'a')
    expect(await until(async () => (await digests()).join() === expected.join(), 30_000)).toBe(true)
    await stop()
    expect((await field.records(field.topics.deadLetters)).flat()).toHaveLength(1)
    await field.client.close()
  })

  test('takes streams over TCP, a Unix socket and HTTP, which answers when the brokers have them', async () => {
    const field = await Field.open(suite.broker.address, folder, 'listens', 2)
    const messages = await generated({ aids: 12, events: 6 })
    const third = Math.ceil(messages.length / 3)
    const parts = [0, 1, 2].map((part) =>
      Buffer.concat(messages.slice(part * third, (part + 1) * third).map(({ bytes }) => bytes)),
    )
    const socket = join(folder, 'in.sock')
    const sources = `gateway.sources=tcp://127.0.0.1:0,unix:${socket}`
    const flags = settingsOf(field, [sources, 'gateway.http=127.0.0.1:0'])
    const child = startKelpipe(['run', '-c', config, ...flags], { KELPIPE_GATEWAY_TOKEN: 'open-sesame' })
    const said = Promise.all([
      saidBy(child, /metrics on http:\S+:(\d+)/),
      saidBy(child, /listening on tcp:\S+:(\d+)/),
      saidBy(child, /listening on unix/),
      saidBy(child, /taking streams on (http:\S+)/),
    ])
    const [[port], [tcp], , [http]] = await said
    for (const [part, where] of [{ port: Number(tcp), host: '127.0.0.1' }, { path: socket }].entries()) {
      const connection = connect(where)
      connection.end(parts[part] ?? '')
      await once(connection, 'close')
    }
    const post = async (headers: Readonly<Record<string, string>>): Promise<number> => {
      const init = {
        method: 'PUT',
        body: parts[2] ?? null,
        headers: { 'Content-Type': 'application/cesr', ...headers },
      }
      return (await fetch(http ?? '', init)).status
    }
    expect(await post({})).toBe(401)
    const sent = async (): Promise<number> =>
      numberOf(
        await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
        'kelpipe_kafka_sent_bytes_total',
        {
          sink: 'input',
        },
      )
    const before = parts.slice(0, 2).reduce((sum, { length }) => sum + length, 0)
    expect(await until(async () => (await sent()) === before, 20_000)).toBe(true)
    expect(await post({ Authorization: 'Bearer open-sesame' })).toBe(204)
    const values = (await field.records(field.topics.input)).flat().map(({ value }) => value?.length ?? 0)
    expect(values.reduce((sum, bytes) => sum + bytes, 0)).toBe(Buffer.concat(parts).length)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([130, null])
    const { stop } = await field.worker('a')
    const expected = await field.alone(messages)
    const digests = async (): Promise<string[]> => field.digests(() => 'a')
    expect(await until(async () => (await digests()).join() === expected.join(), 30_000)).toBe(true)
    await stop()
    await field.client.close()
  })
})
