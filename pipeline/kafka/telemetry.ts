import type { Addon } from '../../native/addon.ts'
import { EMPTY } from 'rxjs'

import type { Limits } from '../limits.ts'
import { Metrics, type Reading } from '../metrics.ts'
import type { Run } from '../run.ts'
import type { Source } from '../sources/source.ts'
import { VerdictCounts } from '../telemetry/counts.ts'
import { InputFlow } from '../telemetry/flow.ts'
import {
  buildReadings,
  diskReadings,
  engineReadings,
  operationReadings,
  storeReadings,
} from '../telemetry/probes.ts'
import { Stages } from '../telemetry/stages.ts'
import { watchedSource } from '../telemetry/watched.ts'
import { version } from '../version.ts'
import type { OutRecord } from './client/client.ts'
import { unpacked } from './client/packed.ts'
import { kafkaDefinitions } from './metrics.ts'
import type { Entry } from './outbox.ts'
import { written, type Topics } from './topics.ts'
import type { Worker } from './worker.ts'

/** What a worker tells of itself: of all its partitions together, and of each. */
export class WorkerTelemetry {
  readonly metrics: Metrics = new Metrics(kafkaDefinitions)
  readonly #stages = new Stages(this.metrics)
  readonly #flow = new InputFlow(this.metrics)
  readonly #counts = new VerdictCounts()
  readonly #sorts: ReadonlyMap<string, string>
  readonly #sent = new Map<string, { records: number; bytes: number }>()
  readonly #dead = new Map<string, number>()

  constructor(topics: Topics) {
    this.#sorts = new Map(written(topics).map(([sort, topic]) => [topic, sort]))
    for (const sort of this.#sorts.values()) this.#sent.set(sort, { records: 0, bytes: 0 })
  }

  /** The run of a partition, with what it calls timed and counted. */
  watch(run: Run): Run {
    return {
      ...run,
      engine: this.#stages.engine(run.engine),
      store: this.#stages.store(run.store),
      framer: () => this.#stages.framer(run.framer()),
      sinks: [...run.sinks.map((sink) => this.#stages.sink(sink)), this.#counts],
      sources: run.sources.map((source) => ({
        name: source.name,
        endless: source.endless,
        chunks: (context) => source.chunks(context).pipe(this.#flow.watch('kafka')),
        frames: (context) => (source.frames?.(context) ?? EMPTY).pipe(this.#flow.watchFrames('kafka')),
      })),
    }
  }

  /** Counts what was published. */
  sent(entries: readonly Entry[], seconds: number): void {
    this.metrics.observe('kelpipe_kafka_publish_duration_seconds', seconds)
    for (const { topic, count, bytes } of entries.flatMap(({ sets }) => sets)) {
      const sort = this.#sorts.get(topic) ?? ''
      const sent = this.#sent.get(sort)
      if (!sent) continue
      sent.records += count
      sent.bytes += bytes.length
      if (sort !== 'deadLetters') continue
      for (const { headers } of unpacked({ count, bytes })) {
        const reason = headers['reason'] ?? ''
        this.#dead.set(reason, (this.#dead.get(reason) ?? 0) + 1)
      }
    }
  }

  /** Asks a worker at each scrape. */
  ask(worker: Worker, addon: Addon, limits: Limits): void {
    this.metrics.ask(
      () => this.#flow.readings(),
      () => this.#counts.readings(),
      () => this.#stages.readings(),
      () => operationReadings(addon.metrics()),
      () => this.#sentReadings(),
      () => workerReadings(worker, limits),
      () => partitionReadings(worker),
      async () => diskReadings(worker.directory),
    )
  }

  *#sentReadings(): Iterable<Reading> {
    for (const [sink, { records, bytes }] of this.#sent) {
      yield ['kelpipe_kafka_sent_records_total', records, { sink }]
      yield ['kelpipe_kafka_sent_bytes_total', bytes, { sink }]
    }
    for (const [reason, count] of this.#dead) yield ['kelpipe_kafka_dead_letters_total', count, { reason }]
  }
}

/** What databases and engines of all partitions come to. */
function* partitionReadings({ open }: Worker): Iterable<Reading> {
  for (const [index, { engine, store }] of open.entries()) {
    if (!engine || !store) continue
    if (index === 0) yield* buildReadings(version(), engine.features())
    yield* engineReadings(engine.metrics())
    yield* storeReadings(store.stats())
  }
}

function* workerReadings(worker: Worker, { kafkaCredits, engineCacheBytes }: Limits): Iterable<Reading> {
  const { rebalances, restarts, partitions, copies, ends } = worker.status
  const ready = [...partitions.values()].filter((partition) => partition.ready).length
  yield ['kelpipe_kafka_partitions', ready, { state: 'ready' }]
  yield ['kelpipe_kafka_partitions', partitions.size - ready, { state: 'opening' }]
  yield ['kelpipe_kafka_partitions', copies.size, { state: 'copied' }]
  yield ['kelpipe_kafka_rebalances_total', rebalances]
  yield ['kelpipe_kafka_partition_restarts_total', restarts]
  yield ['kelpipe_kafka_credits_limit', kafkaCredits]
  yield ['kelpipe_cache_limit_bytes', engineCacheBytes]
  for (const [number, { read, published, credits, unsent, rebuilt }] of partitions) {
    const labels = { partition: `${number}` }
    const end = ends.get(number) ?? read.offset
    yield ['kelpipe_kafka_end_offset', Number(end), labels]
    yield ['kelpipe_kafka_read_offset', Number(read.offset), labels]
    yield ['kelpipe_kafka_published_offset', Number(published), labels]
    yield ['kelpipe_kafka_lag_records', Math.max(0, Number(end - published)), labels]
    yield ['kelpipe_kafka_credits_used', credits, labels]
    yield ['kelpipe_kafka_outbox_entries', unsent.entries, labels]
    yield ['kelpipe_kafka_outbox_records', unsent.records, labels]
    yield ['kelpipe_kafka_outbox_bytes', unsent.bytes, labels]
    if (!rebuilt) continue
    yield ['kelpipe_kafka_rebuild_read_records', Number(rebuilt.read), labels]
    yield ['kelpipe_kafka_rebuild_records', Number(rebuilt.total), labels]
  }
}

/** What a gateway tells of itself: what sources bring, and what goes to the topic. */
export class GatewayTelemetry {
  readonly metrics: Metrics = new Metrics(kafkaDefinitions)
  readonly #flow = new InputFlow(this.metrics)
  readonly #sent = { records: 0, bytes: 0 }
  readonly #dead = new Map<string, number>()

  constructor() {
    this.metrics.ask(
      () => this.#flow.readings(),
      () => this.#sentReadings(),
    )
  }

  watch(source: Source): Source {
    return watchedSource(source, this.#flow)
  }

  /** Counts what was sent. */
  sent(records: readonly OutRecord[], { input }: Topics): void {
    for (const { topic, value, headers } of records) {
      if (topic === input) {
        this.#sent.records += 1
        this.#sent.bytes += value?.length ?? 0
      } else {
        const reason = headers['reason'] ?? ''
        this.#dead.set(reason, (this.#dead.get(reason) ?? 0) + 1)
      }
    }
  }

  *#sentReadings(): Iterable<Reading> {
    yield ['kelpipe_kafka_sent_records_total', this.#sent.records, { sink: 'input' }]
    yield ['kelpipe_kafka_sent_bytes_total', this.#sent.bytes, { sink: 'input' }]
    for (const [reason, count] of this.#dead) yield ['kelpipe_kafka_dead_letters_total', count, { reason }]
  }
}
