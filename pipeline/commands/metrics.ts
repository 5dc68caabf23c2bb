import { InvalidArgumentError, Option } from 'commander'
import type { FastifyInstance } from 'fastify'

import { PipelineError } from '../errors.ts'
import { metricsServer } from '../http/exposition.ts'
import { limits } from '../limits.ts'
import type { Metrics } from '../metrics.ts'
import { run, type Run } from '../run.ts'
import { watched, type Watching } from '../telemetry/watched.ts'
import { say } from '../terminal.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/** Of a command that has no HTTP interface: where it says what it does. */
export const metricsOption = (): Option =>
  new Option(
    '--metrics <[host:]port>',
    'serve Prometheus metrics at /metrics, on 127.0.0.1 if no host is said',
  )
    .argParser(address)
    .env('KELPIPE_METRICS')

export type MetricsFlag = Address

function address(value: string): Address {
  const [, host = '127.0.0.1', port] = /^(?:(\[[^\]]+\]|[^:]+):)?(\d{1,5})$/.exec(value) ?? []
  if (port === undefined || Number(port) > 65_535)
    throw new InvalidArgumentError('write PORT or HOST:PORT, as in 9464')
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** Carries out a run and serves its metrics meanwhile. */
export async function runWatched(options: Run, watching: Watching, flag: MetricsFlag): Promise<void> {
  const { run: seen, metrics, end } = watched(options, watching)
  try {
    const server = await listen(metrics, flag)
    try {
      await run(seen)
    } finally {
      await server.close()
    }
  } finally {
    end()
  }
}

async function listen(metrics: Metrics, { host, port }: MetricsFlag): Promise<FastifyInstance> {
  const server = await metricsServer(metrics, limits)
  try {
    say(`metrics on ${await server.listen({ host, port })}/metrics`)
    return server
  } catch (cause) {
    throw new PipelineError('source/listen', {
      what: `cannot listen on ${host}:${port}`,
      next: 'choose another address with --metrics HOST:PORT, or stop the process that has this one',
      cause,
    })
  }
}
