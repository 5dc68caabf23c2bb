import { readFileSync } from 'node:fs'

import { Ajv, type ErrorObject } from 'ajv'
import { parseDocument } from 'yaml'

import { PipelineError, reasonOf } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { schema, type Schema } from './schema.ts'
import { places, variableOf } from './settings.ts'

/** The configuration of `kelpipe run` with all defaults in their places. What each part means: schema.ts. */
export interface Config {
  readonly role: 'worker' | 'gateway'
  readonly kafka: {
    readonly brokers: readonly string[]
    readonly clientId: string
    readonly tls: {
      readonly enabled: boolean
      readonly ca?: string
      readonly cert?: string
      readonly key?: string
    }
    readonly sasl: {
      readonly mechanism?: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username?: string
      readonly password?: string
    }
  }
  readonly source: { readonly topic: string; readonly group: string; readonly records: 'messages' | 'stream' }
  readonly gateway: {
    readonly sources: readonly string[]
    readonly http: string | null
    readonly token?: string
  }
  readonly sinks: {
    readonly accepted: string
    readonly escrows: string
    readonly exchange: string
    readonly deadLetters: string
    readonly states: string | null
    readonly duplicity: string | null
    readonly replicas: number
  }
  readonly guarantee: 'exactly-once' | 'at-least-once'
  readonly store: string
  readonly standby: boolean
  readonly commit: 'group' | 'each'
  readonly http: string
  readonly rules: {
    readonly mode: 'hardened' | 'keripy'
    readonly off: readonly number[]
    readonly on: readonly number[]
    readonly own: readonly string[]
    readonly escrows: Readonly<
      Record<
        string,
        {
          readonly timeout?: number
          readonly retry?: number
          readonly entries?: number
          readonly bytes?: number
        }
      >
    >
  }
  readonly limits: Limits
}

/** Values that go before those of the file, by path: `kafka.brokers`. */
export type Overrides = ReadonlyMap<string, string>

const ajv = new Ajv({ useDefaults: true, allErrors: true, coerceTypes: false, strict: false })
const check = ajv.compile<Config>(withObjects(schema))

/**
 * Reads a configuration. Of the file, the environment and the flags the later ones win.
 *
 * @throws PipelineError `config/file`, `config/invalid`: what is wrong, and where.
 */
export function readConfig(
  path: string | undefined,
  environment: NodeJS.ProcessEnv,
  flags: Overrides,
): Config {
  const raw = path === undefined ? {} : parsed(path)
  for (const [place, value] of [...fromEnvironment(environment), ...flags]) set(raw, place, value)
  if (check(raw)) return checkedWhole(raw, path)
  const problems = (check.errors ?? []).map(problemText)
  throw new PipelineError('config/invalid', {
    what: `${path ?? 'the configuration'} is not valid:\n  ${[...new Set(problems)].join('\n  ')}`,
    next: 'correct it and look again with "kelpipe config validate FILE"; "kelpipe config init" shows what there is',
  })
}

/** What no schema says. */
function checkedWhole(config: Config, path: string | undefined): Config {
  const { sasl, tls } = config.kafka
  const problems: string[] = []
  if (sasl.mechanism !== undefined && (sasl.username === undefined || sasl.password === undefined))
    problems.push('kafka.sasl: a mechanism needs a username and a password')
  if ((tls.cert === undefined) !== (tls.key === undefined))
    problems.push('kafka.tls: cert and key belong together')
  const topics = [
    config.source.topic,
    ...Object.values(config.sinks).filter((name) => typeof name === 'string'),
  ]
  if (new Set(topics).size < topics.length) problems.push('sinks: every topic must have a name of its own')
  const { sources, http } = config.gateway
  const given = sources.length > 0 || http !== null
  if (config.role === 'gateway' && !given)
    problems.push('gateway: a gateway needs sources, or an address for http')
  if (config.role === 'worker' && given)
    problems.push('gateway: sources and http are for the role gateway, and the role is worker')
  if (problems.length === 0) return config
  throw new PipelineError('config/invalid', {
    what: `${path ?? 'the configuration'} is not valid:\n  ${problems.join('\n  ')}`,
    next: 'correct it and look again with "kelpipe config validate FILE"',
  })
}

function parsed(path: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new PipelineError('config/file', {
      what: `cannot read ${path}`,
      next: 'make one with "kelpipe config init > kelpipe.yaml"',
      cause,
    })
  }
  const document = parseDocument(text)
  const [problem] = document.errors
  const value: unknown = problem ? undefined : document.toJS()
  if (problem || typeof value !== 'object' || Array.isArray(value))
    throw new PipelineError('config/file', {
      what: `${path} is no YAML with a map at its top${problem ? `: ${reasonOf(problem)}` : ''}`,
      next: 'compare it with what "kelpipe config init" prints',
    })
  return (value ?? {}) as Record<string, unknown>
}

function fromEnvironment(environment: NodeJS.ProcessEnv): Map<string, string> {
  const found = new Map<string, string>()
  for (const [place] of places()) {
    const value = environment[variableOf(place)]
    if (value !== undefined && value !== '') found.set(place, value)
  }
  return found
}

/** Puts a text into its place, as the schema wants it. */
function set(config: Record<string, unknown>, place: string, value: string): void {
  const found = [...places()].find(([known]) => known === place)?.[1]
  if (!found)
    throw new PipelineError('config/invalid', {
      what: `there is no setting ${place}`,
      next: '"kelpipe config init" shows what there is',
    })
  const names = place.split('.')
  const last = names.pop() ?? ''
  let at = config
  for (const name of names) {
    if (typeof at[name] !== 'object' || at[name] === null) at[name] = {}
    at = at[name] as Record<string, unknown>
  }
  at[last] = valueOf(value, found)
}

function valueOf(text: string, { type, items, nullable }: Schema): unknown {
  if (nullable && text === 'null') return null
  if (type === 'array')
    return text.split(',').map((each) => valueOf(each.trim(), items ?? { type: 'string' }))
  if (type === 'integer' && /^-?\d+$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function problemText({ instancePath, message, params }: ErrorObject): string {
  const place = instancePath.slice(1).replaceAll('/', '.') || 'the top'
  const { additionalProperty, allowedValues } = params as {
    additionalProperty?: string
    allowedValues?: readonly string[]
  }
  if (additionalProperty !== undefined) return `${place}: there is no setting ${additionalProperty}`
  return `${place}: ${message}${allowedValues ? ` (${allowedValues.join(', ')})` : ''}`
}

/** Objects that are left out are empty ones, so that the defaults in them hold. */
function withObjects(at: Schema): Schema {
  if (at.type !== 'object') return at
  const properties = Object.fromEntries(
    Object.entries(at.properties ?? {}).map(([name, below]) => [name, withObjects(below)]),
  )
  const isLimits = at.properties?.['timeout'] !== undefined
  return { ...at, properties, ...(!isLimits && { default: {} }) }
}
