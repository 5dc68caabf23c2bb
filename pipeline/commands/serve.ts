import { randomBytes } from 'node:crypto'

import { InvalidArgumentError, Option, type Command } from 'commander'

import { Tally } from '../../operators/meter.ts'
import { requireAddon } from '../addon.ts'
import { engineFor } from '../engine.ts'
import { PipelineError } from '../errors.ts'
import { Deliveries } from '../http/deliveries.ts'
import { Events } from '../http/events.ts'
import { Live } from '../http/live.ts'
import { inspectRoutes } from '../http/routes/inspect.ts'
import { liveRoutes } from '../http/routes/live.ts'
import { metricsRoutes } from '../http/routes/metrics.ts'
import { pageRoutes } from '../http/routes/page.ts'
import { httpServer } from '../http/server.ts'
import { Vitals } from '../http/vitals.ts'
import { limits } from '../limits.ts'
import { Orders } from '../orders.ts'
import { Pace } from '../pace.ts'
import { run, type Run } from '../run.ts'
import { sourcesOf } from '../sources/index.ts'
import { openStore } from '../store/lmdb.ts'
import { exitCodes } from '../summary.ts'
import { logged, toldToItsEnd } from '../telemetry/logged.ts'
import { traced } from '../telemetry/traced.ts'
import { watched } from '../telemetry/watched.ts'
import { say } from '../terminal.ts'
import { version } from '../version.ts'
import { logOf, logOption, type LogFlag } from './log.ts'
import { engineOptions, retryIntervals, storeOption, withRules, type RuleFlags } from './options.ts'
import { onSignals } from './signals.ts'

interface Address {
  readonly host: string
  readonly port: number
}

interface ServeFlags extends RuleFlags, LogFlag {
  readonly store: string
  readonly http: Address
  readonly token?: string
  readonly openIntake?: true
}

const tokenBytes = 24

/** `serve`: take streams in, and answer over HTTP. */
export const serveCommand = (program: Command): Command =>
  withRules(
    program
      .command('serve')
      .argument('[src...]', 'sources beside HTTP, as of ingest')
      .addOption(storeOption())
      .addOption(
        new Option('--http <host:port>', 'where to answer')
          .argParser(address)
          .default({ host: '127.0.0.1', port: 5631 }, '127.0.0.1:5631'),
      )
      .addOption(
        new Option('--token <token>', 'what requests that change something must bring').env('KELPIPE_TOKEN'),
      )
      .option('--open-intake', 'take messages without the token, as from clients of witnesses, who have none')
      .addOption(logOption()),
  )
    .description(
      'Keep a database and answer over HTTP: key state, what waits, evidence, events; takes CESR in.',
    )
    .action(serve)

function address(value: string): Address {
  const [, host, port] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(value) ?? []
  if (host === undefined || Number(port) > 65_535)
    throw new InvalidArgumentError('write HOST:PORT, as in 127.0.0.1:5631')
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

async function serve(names: string[], flags: ServeFlags): Promise<void> {
  const sources = names.flatMap(sourcesOf)
  const addon = requireAddon()
  const pace = new Pace(limits)
  const onDisk = await openStore(flags.store, { timed: (step) => pace.timed(step), group: true })
  const deliveries = new Deliveries(limits.httpDeliveries)
  const vitals = new Vitals({ limits, directory: flags.store, oldestDelivery: () => deliveries.oldest })
  const store = vitals.watch(onDisk)
  const orders = new Orders(limits.ordersWaiting)
  const events = new Events(limits.eventsKept)
  const stopped = new AbortController()
  const forget = onSignals(() => stopped.abort())
  const log = logOf(flags)
  let end = (): void => undefined
  stopped.signal.addEventListener('abort', () => vitals.close(), { once: true })
  try {
    const engine = await engineFor(addon, engineOptions(flags), store)
    const token = flags.token ?? randomBytes(tokenBytes).toString('base64url')
    const manager = {
      addon,
      store,
      pageRecords: limits.scanPageRecords,
      changer: orders,
      keysPerOrder: limits.waitingKeysPerBatch,
    }
    const openIntake = flags.openIntake ?? false
    const options: Run = {
      sources: [...sources, deliveries],
      orders,
      store,
      engine,
      record: (table, key, value) => addon.record(table, key, value),
      retryMs: retryIntervals(flags),
      framer: () => addon.framer(engineOptions(flags)),
      sinks: [deliveries, events],
      tally: new Tally(),
      commit: 'group',
      limits,
      pace,
      signal: stopped.signal,
      note: say,
    }
    const watching = { addon, engine, directory: flags.store, stats: () => onDisk.stats() }
    const seen = watched(traced(logged(options, log)), watching)
    end = seen.end
    const context = { manager, deliveries, events, vitals, limits, log, token, openIntake }
    const live = new Live({ limits, now: seen.now, events })
    live.run(stopped.signal).catch(() => undefined)
    const server = await httpServer(context, [
      metricsRoutes(seen.metrics),
      liveRoutes({ live, features: engine.features(), limits }),
      inspectRoutes({ addon, engine: engineOptions(flags), limits }),
      pageRoutes,
    ])
    const running = toldToItsEnd(log, { version: version(), store: flags.store }, async () => run(seen.run))
    running.catch(() => stopped.abort())
    const bound = await listen(server, flags.http)
    say(`answering on ${bound}\nthe page: ${bound}/ui`)
    if (flags.token === undefined) say(`token: ${token}`)
    try {
      await running
    } finally {
      await server.close()
    }
  } finally {
    forget()
    end()
    await store.close()
  }
  process.exitCode = exitCodes.interrupted
}

async function listen(
  server: Awaited<ReturnType<typeof httpServer>>,
  { host, port }: Address,
): Promise<string> {
  try {
    return await server.listen({ host, port })
  } catch (cause) {
    throw new PipelineError('source/listen', {
      what: `cannot listen on ${host}:${port}`,
      next: 'choose another address with --http HOST:PORT, or stop the process that has this one',
      cause,
    })
  }
}
