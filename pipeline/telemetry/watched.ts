import type { Addon, NativeEngine } from '../../native/addon.ts'
import type { Limits } from '../limits.ts'
import { Metrics, type Reading } from '../metrics.ts'
import type { Run } from '../run.ts'
import type { Source } from '../sources/source.ts'
import type { StoreStats } from '../store/stats.ts'
import { version } from '../version.ts'
import { Census } from './census.ts'
import { VerdictCounts } from './counts.ts'
import { InputFlow } from './flow.ts'
import { buildReadings, diskReadings, engineReadings, operationReadings, storeReadings } from './probes.ts'
import { Stages } from './stages.ts'

/** What metrics read beside a run. */
export interface Watching {
  readonly addon: Addon
  readonly engine: NativeEngine
  /** The folder of the database, and what it says of itself. */
  readonly directory: string
  readonly stats: () => StoreStats
}

export interface Watched {
  /** The same run, with what it calls timed and counted. */
  readonly run: Run
  readonly metrics: Metrics
  /** What of the metrics costs next to nothing to read. */
  readonly now: () => Reading[]
  /** Reads the store no more. */
  readonly end: () => void
}

/** A run that is watched, and its metrics. */
export function watched(run: Run, watching: Watching): Watched {
  const { addon, engine, directory, stats } = watching
  const { limits, pace } = run
  const metrics = new Metrics()
  const stages = new Stages(metrics)
  const flow = new InputFlow(metrics)
  const counts = new VerdictCounts()
  const ended = new AbortController()
  const reader = { addon, store: run.store, pageRecords: limits.scanPageRecords }
  const census = new Census(reader, limits, ended.signal)
  // When it cannot go on, its time in the metrics stands still.
  census.run().catch(() => undefined)
  const now = (): Reading[] => [
    ...flow.readings(),
    ...counts.readings(),
    ...census.readings(),
    ...engineReadings(engine.metrics()),
  ]
  metrics.ask(
    () => buildReadings(version(), engine.features()),
    now,
    () => stages.readings(),
    () => operationReadings(addon.metrics()),
    () => limitReadings(limits, pace.bytes),
    () => storeReadings(stats()),
    async () => diskReadings(directory),
  )
  return {
    metrics,
    now,
    end: () => ended.abort(),
    run: {
      ...run,
      engine: stages.engine(run.engine),
      store: stages.store(run.store),
      framer: () => stages.framer(run.framer()),
      sinks: [...run.sinks.map((sink) => stages.sink(sink)), counts],
      sources: run.sources.map((source) => watchedSource(source, flow)),
    },
  }
}

const limitReadings = ({ engineCacheBytes }: Limits, batchBytes: number): Reading[] => [
  ['kelpipe_cache_limit_bytes', engineCacheBytes],
  ['kelpipe_batch_target_bytes', batchBytes],
]

/** A source whose chunks are counted and timed by its type. */
export const watchedSource = (source: Source, flow: InputFlow): Source => ({
  name: source.name,
  bytesTotal: source.bytesTotal,
  endless: source.endless,
  chunks: (context) => source.chunks(context).pipe(flow.watch(typeOf(source))),
})

/** What a source is, for a label: its name would be one of too many. */
function typeOf({ name, endless }: Source): string {
  if (endless) return name.startsWith('tcp:') ? 'tcp' : name.startsWith('unix:') ? 'unix' : name
  return name === 'standard input' ? 'stream' : 'file'
}
