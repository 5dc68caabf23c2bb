import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { packageRoot } from '../native/root.ts'
import { readConfig } from '../pipeline/config/config.ts'
import { exampleConfig } from '../pipeline/config/example.ts'
import { places, variableOf } from '../pipeline/config/settings.ts'
import { connectionOf, engineOptionsOf } from '../pipeline/config/worker.ts'
import { limits, takeUpLimits } from '../pipeline/limits.ts'
import { MemoryStore } from '../pipeline/store/memory.ts'
import { kelpipe } from './support/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'kelpipe-config-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (text: string): string => {
  const path = join(folder, 'kelpipe.yaml')
  writeFileSync(path, text)
  return path
}
const none = new Map<string, string>()

test('the example is what config init prints, is valid, and is what holds without a file', () => {
  const printed = kelpipe(['config', 'init'])
  expect(printed.status).toBe(0)
  expect(printed.stdout).toBe(exampleConfig())
  expect(readFileSync(join(packageRoot(), 'deploy', 'kelpipe.yaml'), 'utf8')).toBe(printed.stdout)
  expect(readConfig(file(printed.stdout), {}, none)).toEqual(readConfig(undefined, {}, none))
})

test('the environment goes before the file, and a flag before both', () => {
  const path = file('kafka: {brokers: [a:1], clientId: of-the-file}\nsinks: {states: of-the-file}\n')
  const environment = { KELPIPE_KAFKA_CLIENT_ID: 'of-the-environment', KELPIPE_SINKS_STATES: 'null' }
  const flags = new Map([['kafka.brokers', 'b:2,c:3']])
  const config = readConfig(path, environment, flags)
  expect(config.kafka).toMatchObject({ brokers: ['b:2', 'c:3'], clientId: 'of-the-environment' })
  expect(config.sinks.states).toBeNull()
  expect(config.limits.kafkaCredits).toBeGreaterThan(0)
})

test('limits that are taken up hold for what is made after', async () => {
  const standard = { ...limits }
  takeUpLimits(readConfig(file('limits: {memoryStoreBytes: 1}\n'), {}, none).limits)
  try {
    const commit = new MemoryStore().commit(undefined, new Map([['name', Uint8Array.of(1, 2)]]))
    await expect(commit).rejects.toMatchObject({ code: 'store/memory-full' })
  } finally {
    takeUpLimits(standard)
  }
})

test('every setting has a variable of its own', () => {
  const variables = [...places()].map(([place]) => variableOf(place))
  expect(new Set(variables).size).toBe(variables.length)
  expect(variables).toContain('KELPIPE_KAFKA_SASL_PASSWORD')
})

test.each([
  ['sorce: {}', 'there is no setting sorce'],
  ['kafka: {brokers: [nowhere]}', 'kafka.brokers.0'],
  ['guarantee: perhaps', 'exactly-once, at-least-once'],
  ['sinks: {replicas: many}', 'sinks.replicas: must be integer'],
  ['sinks: {accepted: kels}', 'every topic must have a name of its own'],
  ['kafka: {sasl: {mechanism: plain}}', 'a mechanism needs a username and a password'],
  ['kafka: {tls: {enabled: true, ca: no-such-file}}', 'kafka.tls.ca: cannot read no-such-file'],
  ['role: gateway', 'a gateway needs sources'],
  ['gateway: {sources: [events.cesr]}', 'the role is worker'],
  ['- a list', 'no YAML with a map at its top'],
  ['kafka: {', 'no YAML with a map at its top'],
])('what is wrong with %s is said', (text, problem) => {
  expect(() => connectionOf(readConfig(file(text), {}, none))).toThrow(problem)
})

test('the partitions of one process divide its caches', () => {
  const config = readConfig(file('limits: {engineTableBytes: 1200, engineCacheBytes: 2400}\n'), {}, none)
  expect(engineOptionsOf(config, 12)).toMatchObject({ tableCacheBytes: 100, cacheBytes: 200 })
})

test('config validate shows everything in its place, but not the password', () => {
  const path = file('kafka: {sasl: {mechanism: plain, username: somebody, password: open-sesame}}\n')
  const { status, stdout } = kelpipe(['config', 'validate', path, '--json', '--set', 'store=elsewhere'])
  expect(status).toBe(0)
  expect(stdout).not.toContain('open-sesame')
  expect(JSON.parse(stdout)).toMatchObject({ store: 'elsewhere', kafka: { sasl: { username: 'somebody' } } })
})

test('a setting that does not exist is a mistake on the command line too', () => {
  const { status, stderr } = kelpipe(['config', 'validate', file(''), '--set', 'kafka.broker=a:1'])
  expect(stderr).toContain('there is no setting kafka.broker')
  expect(status).toBe(78)
})
