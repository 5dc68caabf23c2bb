import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { beforeAll, describe, expect, test } from 'vitest'

import { kel } from '../boundary/kel.ts'
import { canBroker, suiteBroker } from '../support/broker.ts'
import { kelpipe, startKelpipe } from '../support/cli.ts'
import { Field } from '../support/fleet.ts'
import { saidBy } from '../support/metrics.ts'
import { until } from '../support/prometheus.ts'

const canCertify = spawnSync('openssl', ['version']).status === 0
if (canBroker && !canCertify) console.log('skipped: TLS and SASL to Kafka, since there is no openssl')

const user = { name: 'alice', password: 'open-sesame' }

// Goal: a fleet reaches brokers that let in nobody without certificate and password, and who is not let in hears why.
describe.skipIf(!canBroker || !canCertify)('brokers that ask who comes', () => {
  const suite = suiteBroker('secure', user)
  const { folder } = suite
  const config = join(folder, 'kelpipe.yaml')
  beforeAll(() => {
    writeFileSync(
      config,
      `kafka:
  brokers: ['${suite.broker.secureAddress}']
  tls: {enabled: true, ca: ${folder}/ca.pem, cert: ${folder}/client.pem, key: ${folder}/client.key}
  sasl: {mechanism: scram-sha-512, username: ${user.name}}
source: {topic: sure.kels, group: sure}
sinks: {accepted: sure.accepted, escrows: sure.escrows, exchange: sure.exchange, deadLetters: sure.dead, states: null, duplicity: null, replicas: 1}
store: ${join(folder, 'databases')}
http: 127.0.0.1:0
`,
    )
  })
  const password = { KELPIPE_KAFKA_SASL_PASSWORD: user.password }

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'with certificate and password by %s a worker takes in and publishes',
    async (mechanism) => {
      const name = mechanism.replaceAll('-', '')
      const field = await Field.open(suite.broker.address, folder, name, 2)
      const log = kel(7, 4)
      await field.send(log.messages.map((bytes) => ({ aid: log.aid, bytes })))
      const { accepted, escrows, exchange, deadLetters, input } = field.topics
      const topics = { accepted, escrows, exchange, deadLetters }
      const settings = [
        `kafka.sasl.mechanism=${mechanism}`,
        `source.topic=${input}`,
        `source.group=${input}-group`,
        `store=${join(folder, name)}`,
        ...Object.entries(topics).map(([sink, topic]) => `sinks.${sink}=${topic}`),
      ]
      const flags = settings.flatMap((setting) => ['--set', setting])
      const child = startKelpipe(['run', '-c', config, ...flags], password)
      await saidBy(child, /joined the group/)
      expect(await until(async () => field.hasRead(), 30_000)).toBe(true)
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([130, null])
      const published = (await field.records(accepted)).flat()
      expect(published.map(({ headers }) => headers['said'])).toEqual(log.saids)
      await field.client.close()
    },
  )

  /** How a run ends that is not let in: what it says in red, and where it looks next. */
  const refused = (settings: readonly string[], environment = password): string => {
    const flags = settings.flatMap((setting) => ['--set', setting])
    const { status, stderr } = kelpipe(['run', '-c', config, ...flags], undefined, environment)
    expect(status, stderr).toBe(6)
    expect(stderr).not.toMatch(/\n\s+at /)
    return stderr
  }

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'])('a wrong password is told: %s', (mechanism) => {
    const said = refused([`kafka.sasl.mechanism=${mechanism}`], { KELPIPE_KAFKA_SASL_PASSWORD: 'guessed' })
    expect(said).toContain(`Kafka at ${suite.broker.secureAddress} does not let alice in`)
    expect(said).toMatch(/authentication failed/i)
    expect(said).toContain('KELPIPE_KAFKA_SASL_PASSWORD')
    expect(said).not.toContain('guessed')
  })

  test('an authority that did not sign the certificate of the broker is told', () => {
    const other = join(folder, 'other')
    const how = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=somebody`
    const files = ['-keyout', `${other}.key`, '-out', `${other}.pem`]
    const made = spawnSync('openssl', [...how.split(' '), ...files])
    expect(made.status).toBe(0)
    const said = refused([`kafka.tls.ca=${other}.pem`])
    expect(said).toContain(`the certificate of Kafka at ${suite.broker.secureAddress} cannot be trusted`)
    expect(said).toContain('kafka.tls.ca')
  })

  test('a client without a certificate of its own hears that it needs one', () => {
    const path = join(folder, 'without.yaml')
    writeFileSync(
      path,
      `kafka: {brokers: ['${suite.broker.secureAddress}'], tls: {enabled: true, ca: ${folder}/ca.pem}}\n`,
    )
    const { status, stderr } = kelpipe(['run', '-c', path])
    expect(status).toBe(6)
    expect(stderr).toContain('do not agree on TLS: sslv3 alert bad certificate')
    expect(stderr).toContain('kafka.tls.cert')
  })

  test.each([
    ['no TLS to a port that wants it', ['kafka.tls.enabled=false'], 'kafka.tls.enabled is false'],
    ['TLS to a port that has none', [], 'kafka.tls.enabled is true'],
  ])('%s: it is told what to look at', (what, settings, hint) => {
    const address = what.startsWith('TLS') ? [`kafka.brokers=${suite.broker.address}`] : []
    const said = refused([...settings, ...address])
    expect(said).toContain('cannot reach Kafka at')
    expect(said).toContain(hint)
  })
})
