import { setFlagsFromString } from 'node:v8'

import { Option, type Command } from 'commander'
import type { FastifyInstance } from 'fastify'

import { requireAddon } from '../addon.ts'
import type { Config } from '../config/config.ts'
import { connectionOf, engineOptionsOf, retriesOf, topicsOf } from '../config/worker.ts'
import { metricsServer } from '../http/exposition.ts'
import { connect } from '../kafka/client/index.ts'
import { WorkerTelemetry } from '../kafka/telemetry.ts'
import { Worker } from '../kafka/worker.ts'
import { takeUpLimits } from '../limits.ts'
import type { Log } from '../log.ts'
import { openStore } from '../store/lmdb.ts'
import { exitCodes } from '../summary.ts'
import { logged, toldToItsEnd } from '../telemetry/logged.ts'
import { traced } from '../telemetry/traced.ts'
import { say } from '../terminal.ts'
import { version } from '../version.ts'
import { configFlags, type ConfigFlags } from './config.ts'
import { listening, pass } from './gateway.ts'
import { logOf, logOption, type LogFlag } from './log.ts'
import { onSignals } from './signals.ts'

/** `run`: one worker of a fleet that works on the partitions of a topic, or a gateway to it. */
export const runCommand = (program: Command): Command =>
  program
    .command('run')
    .addOption(new Option('-c, --config <file>', 'the configuration').env('KELPIPE_CONFIG'))
    .addOption(configFlags())
    .addOption(logOption())
    .description('Work as one of a fleet: verify what a Kafka topic brings, publish what it leads to.')
    .addHelpText('after', '\n"kelpipe config init" prints a configuration; docs/kafka.md explains it.')
    .action(async ({ config, set, logLevel }: ConfigFlags & LogFlag & { config?: string }) => {
      const { readConfig } = await import('../config/config.ts')
      const found = readConfig(config, process.env, set)
      takeUpLimits(found.limits)
      const log = logOf({ logLevel })
      await (found.role === 'gateway' ? pass(found, log) : work(found, log))
    })

async function work(config: Config, log: Log): Promise<void> {
  // All that is fetched and sent goes through buffers, which count like what stays: by itself V8 looks every half second.
  setFlagsFromString(`--heap-growing-percent=${config.limits.kafkaHeapGrowthPercent}`)
  const addon = requireAddon()
  const topics = topicsOf(config)
  const client = await connect(connectionOf(config))
  const stopped = new AbortController()
  const forget = onSignals(() => stopped.abort())
  const telemetry = new WorkerTelemetry(topics)
  try {
    const partitions = (await client.partitions([topics.input])).get(topics.input) ?? 1
    const worker = new Worker({
      client,
      addon,
      engine: engineOptionsOf(config, partitions),
      limits: config.limits,
      group: config.source.group,
      topics,
      keyed: config.source.records === 'messages',
      transactions: config.guarantee === 'exactly-once',
      commit: config.commit,
      retryMs: retriesOf(config),
      openStore,
      directory: config.store,
      standby: config.standby,
      replicas: config.sinks.replicas,
      watch: (run) => telemetry.watch(traced(logged(run, log))),
      sent: (_, entries, seconds) => telemetry.sent(entries, seconds),
      note: say,
    })
    telemetry.ask(worker, addon, config.limits)
    const server = await answering(worker, telemetry, config)
    try {
      const told = { version: version(), topic: topics.input, group: config.source.group }
      await toldToItsEnd(log, told, async () => worker.run(stopped.signal))
    } finally {
      await server.close()
    }
  } finally {
    forget()
    await client.close()
  }
  process.exitCode = exitCodes.interrupted
}

/** Answers what a scheduler and Prometheus ask. */
async function answering(
  worker: Worker,
  { metrics }: WorkerTelemetry,
  config: Config,
): Promise<FastifyInstance> {
  const server = await metricsServer(metrics, config.limits)
  server.get('/health/live', () => ({ status: 'live' }))
  server.get('/health/ready', async (_, reply) => {
    const { joined, partitions } = worker.status
    const waiting = [...partitions]
      .filter(([, { ready }]) => !ready)
      .map(([number]) => `partition ${number} is opening`)
    const reasons = joined ? waiting : ['the group was not joined yet']
    const ready = reasons.length === 0
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', reasons })
  })
  say(`metrics on ${await listening(server, config.http, 'http')}/metrics`)
  return server
}
