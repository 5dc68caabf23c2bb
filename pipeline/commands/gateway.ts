import { randomBytes } from 'node:crypto'

import type { FastifyInstance } from 'fastify'

import { tool } from '../../native/tools.ts'
import type { Frames } from '../../operators/flow.ts'
import { requireAddon } from '../addon.ts'
import type { Config } from '../config/config.ts'
import { connectionOf, engineOptionsOf, topicsOf } from '../config/worker.ts'
import { PipelineError } from '../errors.ts'
import { Deliveries } from '../http/deliveries.ts'
import { metricsServer } from '../http/exposition.ts'
import { intakeServer } from '../http/server.ts'
import { connect } from '../kafka/client/index.ts'
import type { OutRecord } from '../kafka/client/client.ts'
import { gateway } from '../kafka/gateway.ts'
import { GatewayTelemetry } from '../kafka/telemetry.ts'
import { prepareTopics } from '../kafka/topics.ts'
import type { Log } from '../log.ts'
import { sourcesOf } from '../sources/index.ts'
import { exitCodes } from '../summary.ts'
import { toldToItsEnd } from '../telemetry/logged.ts'
import { say } from '../terminal.ts'
import { version } from '../version.ts'
import { onSignals } from './signals.ts'

const tokenBytes = 24

/** Sends to the topic of a fleet what other sources bring, until they end or a signal comes. */
export async function pass(config: Config, log: Log): Promise<void> {
  const addon = requireAddon()
  const topics = topicsOf(config)
  const deliveries = new Deliveries(config.limits.httpDeliveries)
  const telemetry = new GatewayTelemetry()
  const sources = config.gateway.sources.flatMap(sourcesOf)
  const all = config.gateway.http === null ? sources : [...sources, deliveries]
  const stopped = new AbortController()
  const forget = onSignals(() => stopped.abort())
  const client = await connect(connectionOf(config))
  const servers: FastifyInstance[] = []
  let faults = 0
  const sent = (frames: Frames, records: readonly OutRecord[]): void => {
    faults += records.filter(({ topic }) => topic === topics.deadLetters).length
    telemetry.sent(records, topics)
    void deliveries.write({ work: frames, settled: undefined, last: true, release: () => undefined })
  }
  try {
    const partitions = await prepareTopics(client, topics, {
      replicas: config.sinks.replicas,
      limits: config.limits,
    })
    const engine = engineOptionsOf(config, 1)
    const running = gateway({
      client,
      sources: all.map((source) => telemetry.watch(source)),
      framer: () => addon.framer(engine),
      splitter: () => tool('split-aid', engine),
      limits: config.limits,
      topic: topics.input,
      partitions,
      deadLetters: topics.deadLetters,
      sent,
      signal: stopped.signal,
      note: say,
    })
    running.catch(() => stopped.abort())
    servers.push(await answering(config, telemetry))
    if (config.gateway.http !== null)
      servers.push(await takingIn(config, { deliveries, log, address: config.gateway.http }))
    const told = { version: version(), topic: topics.input, sources: all.map(({ name }) => name) }
    await toldToItsEnd(log, told, async () => running)
  } finally {
    forget()
    for (const server of servers) await server.close()
    await client.close()
  }
  const clean = faults > 0 ? exitCodes.rejected : exitCodes.accepted
  process.exitCode = stopped.signal.aborted ? exitCodes.interrupted : clean
}

async function answering({ http, limits }: Config, { metrics }: GatewayTelemetry): Promise<FastifyInstance> {
  const server = await metricsServer(metrics, limits)
  server.get('/health/live', () => ({ status: 'live' }))
  server.get('/health/ready', () => ({ status: 'ready', reasons: [] }))
  say(`metrics on ${await listening(server, http, 'http')}/metrics`)
  return server
}

async function takingIn(
  { gateway: { token: given }, limits }: Config,
  { deliveries, log, address }: { deliveries: Deliveries; log: Log; address: string },
): Promise<FastifyInstance> {
  const token = given ?? randomBytes(tokenBytes).toString('base64url')
  const server = await intakeServer({ deliveries, limits, log, token, openIntake: false })
  say(`taking streams on ${await listening(server, address, 'gateway.http')}`)
  if (given === undefined) say(`token: ${token}`)
  return server
}

/** Listens at HOST:PORT, which a setting gives; resolves to the address with the port that it has. */
export async function listening(server: FastifyInstance, address: string, setting: string): Promise<string> {
  const at = address.lastIndexOf(':')
  const [host, port] = [address.slice(0, at).replace(/^\[|\]$/g, ''), Number(address.slice(at + 1))]
  try {
    return await server.listen({ host, port })
  } catch (cause) {
    throw new PipelineError('source/listen', {
      what: `cannot listen on ${address}`,
      next: `choose another address with --set ${setting}=HOST:PORT, or stop the process that has this one`,
      cause,
    })
  }
}
