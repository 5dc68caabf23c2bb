import { readFileSync } from 'node:fs'

import type { EngineOptions, KindLimits } from '../../native/engine.ts'
import { PipelineError } from '../errors.ts'
import type { Connection, Sasl, Tls } from '../kafka/client/settings.ts'
import type { Topics } from '../kafka/topics.ts'
import type { Config } from './config.ts'

/** How the brokers are reached. */
export function connectionOf({ kafka, limits }: Config): Connection {
  const { brokers, clientId, sasl, tls } = kafka
  return {
    brokers,
    clientId,
    ...(tls.enabled && { tls: tlsOf(tls) }),
    ...(sasl.mechanism !== undefined && { sasl: sasl as Sasl }),
    sessionTimeoutMs: limits.kafkaSessionMs,
    heartbeatMs: limits.kafkaHeartbeatMs,
    rebalanceTimeoutMs: limits.kafkaRebalanceMs,
    connectTimeoutMs: limits.kafkaConnectMs,
    requestTimeoutMs: limits.kafkaRequestMs,
    transactionTimeoutMs: limits.kafkaTransactionMs,
    fetchBytesPerPartition: limits.kafkaFetchBytesPerPartition,
    fetchBytes: limits.kafkaFetchBytes,
    fetchWaitMs: limits.kafkaFetchWaitMs,
  }
}

function tlsOf({ ca, cert, key }: Config['kafka']['tls']): Tls {
  return {
    ...(ca !== undefined && { ca: pem(ca, 'kafka.tls.ca') }),
    ...(cert !== undefined && { cert: pem(cert, 'kafka.tls.cert') }),
    ...(key !== undefined && { key: pem(key, 'kafka.tls.key') }),
    rejectUnauthorized: true,
  }
}

function pem(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new PipelineError('config/invalid', { what: `${setting}: cannot read ${path}`, cause })
  }
}

/** The topics, without those that are not written. */
export const topicsOf = ({ source, sinks }: Config): Topics => ({
  input: source.topic,
  accepted: sinks.accepted,
  escrows: sinks.escrows,
  exchange: sinks.exchange,
  deadLetters: sinks.deadLetters,
  states: sinks.states ?? undefined,
  duplicity: sinks.duplicity ?? undefined,
})

/** How events are judged, each of several engines with its share of memory and threads. */
export function engineOptionsOf({ rules, limits }: Config, engines: number): EngineOptions {
  const kinds = Object.entries(rules.escrows).map(
    ([kind, { timeout, entries, bytes }]): [string, KindLimits] => [
      kind,
      {
        ...(timeout !== undefined && { timeoutSeconds: timeout }),
        ...(entries !== undefined && { entriesMax: entries }),
        ...(bytes !== undefined && { bytesMax: bytes }),
      },
    ],
  )
  return {
    mode: rules.mode,
    rulesOff: rules.off,
    rulesOn: rules.on,
    own: rules.own,
    lax: false,
    local: false,
    cloned: false,
    holdWakes: false,
    cacheBytes: Math.floor(limits.engineCacheBytes / Math.max(1, engines)),
    tableCacheBytes: Math.floor(limits.engineTableBytes / Math.max(1, engines)),
    threads: engines > 1 ? 1 : 0,
    limits: { kinds: Object.fromEntries(kinds) },
  }
}

/** After how many milliseconds the entries of a kind are tried again. */
export const retriesOf = ({ rules }: Config): ReadonlyMap<string, number> =>
  new Map(
    Object.entries(rules.escrows).flatMap(([kind, { retry }]) =>
      retry === undefined ? [] : [[kind, retry * 1000] as const],
    ),
  )
