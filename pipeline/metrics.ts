import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** One metric as it is served and documented (docs/metrics.md). */
export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** A base unit; a plain number has none. */
  readonly unit?: 'bytes' | 'seconds'
  /** Names of labels; each has few values: never an AID, a SAID or an offset. */
  readonly labels?: readonly string[]
  readonly help: string
  /** An example of its use. */
  readonly query: string
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[]
}

/** Upper bounds of times, in seconds. */
export const durations: readonly number[] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30]
const sizes = [1, 10, 100, 1_000, 10_000]
const byteSizes = [1_024, 16_384, 65_536, 262_144, 1_048_576, 2_097_152, 33_554_432]

/** All metrics of kelpipe, by name. */
export const definitions: Readonly<Record<string, Definition>> = {
  kelpipe_build_info: {
    type: 'gauge',
    labels: ['version', 'node_version', 'cpu_path', 'target'],
    help: 'Always 1; the labels say what runs and which code checks signatures.',
    query: 'count by (version, cpu_path) (kelpipe_build_info)',
  },
  kelpipe_source_read_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['source'],
    help: 'Bytes taken from sources, by their type: file, stream, tcp, unix, http, kafka.',
    query: 'rate(kelpipe_source_read_bytes_total[5m])',
  },
  kelpipe_source_acknowledged_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['source'],
    help: 'Of these, bytes whose messages are on disk and published.',
    query: 'rate(kelpipe_source_acknowledged_bytes_total[5m])',
  },
  kelpipe_source_chunks_in_flight: {
    type: 'gauge',
    labels: ['source'],
    help: 'Credits in use: pieces of input that were read and are not acknowledged yet.',
    query: 'sum(kelpipe_source_chunks_in_flight)',
  },
  kelpipe_source_lag_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['source'],
    help: 'For how long the oldest piece of input that is not acknowledged yet waits.',
    query: 'max(kelpipe_source_lag_seconds)',
  },
  kelpipe_source_chunk_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['source'],
    help: 'From the read of a piece of input to its acknowledgement.',
    query: 'histogram_quantile(0.99, sum by (le) (rate(kelpipe_source_chunk_duration_seconds_bucket[5m])))',
    buckets: durations,
  },
  kelpipe_messages_total: {
    type: 'counter',
    labels: ['ilk', 'verdict'],
    help: 'Messages as they came, by type and first verdict; one that waits counts once, as escrowed.',
    query: 'sum by (verdict) (rate(kelpipe_messages_total[5m]))',
  },
  kelpipe_message_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes of input that are on disk and published.',
    query: 'rate(kelpipe_message_bytes_total[5m])',
  },
  kelpipe_rejected_total: {
    type: 'counter',
    labels: ['code'],
    help: 'Messages and entries refused, by code (docs/errors.md).',
    query: 'topk(5, sum by (code) (rate(kelpipe_rejected_total[5m])))',
  },
  kelpipe_faults_total: {
    type: 'counter',
    labels: ['code'],
    help: 'Stretches of bytes that are no message, by code (docs/errors.md).',
    query: 'sum by (code) (increase(kelpipe_faults_total[1h]))',
  },
  kelpipe_escrowed_total: {
    type: 'counter',
    labels: ['kind'],
    help: 'Messages that were put to wait, by kind of escrow.',
    query: 'sum by (kind) (rate(kelpipe_escrowed_total[5m]))',
  },
  kelpipe_entries_retried_total: {
    type: 'counter',
    labels: ['verdict'],
    help: 'Entries that waited and came to something: woken ones are accepted, others refused, expired, removed, evicted or moved.',
    query: 'sum by (verdict) (rate(kelpipe_entries_retried_total[5m]))',
  },
  kelpipe_duplicity_total: {
    type: 'counter',
    help: 'Messages that contradict an accepted event at the same place.',
    query: 'increase(kelpipe_duplicity_total[1h])',
  },
  kelpipe_batch_messages: {
    type: 'histogram',
    help: 'Messages in a batch.',
    query: 'rate(kelpipe_batch_messages_sum[5m]) / rate(kelpipe_batch_messages_count[5m])',
    buckets: sizes,
  },
  kelpipe_batch_bytes: {
    type: 'histogram',
    unit: 'bytes',
    help: 'Bytes in a batch.',
    query: 'rate(kelpipe_batch_bytes_sum[5m]) / rate(kelpipe_batch_bytes_count[5m])',
    buckets: byteSizes,
  },
  kelpipe_batch_target_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'What is read for the next batch; it shrinks while steps hold the event loop for long.',
    query: 'kelpipe_batch_target_bytes',
  },
  kelpipe_stage_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['stage'],
    help: 'Time of one call, by stage: frame, prepare, settle, fetch, commit, publish.',
    query: 'sum by (stage) (rate(kelpipe_stage_duration_seconds_sum[5m]))',
    buckets: durations,
  },
  kelpipe_signatures_checked_total: {
    type: 'counter',
    help: 'Signatures checked.',
    query: 'rate(kelpipe_signatures_checked_total[5m])',
  },
  kelpipe_signatures_failed_total: {
    type: 'counter',
    help: 'Of these, signatures that do not verify.',
    query: 'rate(kelpipe_signatures_failed_total[5m])',
  },
  kelpipe_signature_check_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    help: 'Time in signature checks, summed over the calls that check many at a time.',
    query: 'rate(kelpipe_signature_check_seconds_total[5m])',
  },
  kelpipe_key_table_hits_total: {
    type: 'counter',
    help: 'Signatures checked with a table made for their key.',
    query: 'rate(kelpipe_key_table_hits_total[5m]) / rate(kelpipe_signatures_checked_total[5m])',
  },
  kelpipe_key_tables_built_total: {
    type: 'counter',
    help: 'Tables of keys made.',
    query: 'rate(kelpipe_key_tables_built_total[5m])',
  },
  kelpipe_key_tables_evicted_total: {
    type: 'counter',
    help: 'Tables of keys given up for others.',
    query: 'rate(kelpipe_key_tables_evicted_total[5m])',
  },
  kelpipe_key_table_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of the tables of keys.',
    query: 'kelpipe_key_table_bytes',
  },
  kelpipe_native_calls_total: {
    type: 'counter',
    labels: ['operation'],
    help: 'Calls into the native engine, by operation.',
    query: 'sum by (operation) (rate(kelpipe_native_calls_total[5m]))',
  },
  kelpipe_native_errors_total: {
    type: 'counter',
    labels: ['operation'],
    help: 'Of these, calls that were refused or failed.',
    query: 'sum by (operation) (increase(kelpipe_native_errors_total[1h]))',
  },
  kelpipe_native_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    labels: ['operation'],
    help: 'Time in these calls.',
    query: 'sum by (operation) (rate(kelpipe_native_seconds_total[5m]))',
  },
  kelpipe_native_max_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['operation'],
    help: 'The longest of these calls so far.',
    query: 'topk(3, kelpipe_native_max_seconds)',
  },
  kelpipe_native_rows_total: {
    type: 'counter',
    labels: ['operation'],
    help: 'Messages, entries or verdicts that these calls worked on.',
    query: 'rate(kelpipe_native_rows_total{operation="settle"}[5m])',
  },
  kelpipe_native_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['operation'],
    help: 'Bytes handed to these calls.',
    query: 'rate(kelpipe_native_bytes_total{operation="prepare"}[5m])',
  },
  kelpipe_native_copied_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes of input that were copied on their way into the engine instead of lent.',
    query: 'rate(kelpipe_native_copied_bytes_total[5m])',
  },
  kelpipe_cache_entries: {
    type: 'gauge',
    help: 'Key states in memory, as after the last batch.',
    query: 'kelpipe_cache_entries',
  },
  kelpipe_cache_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of these key states.',
    query: 'kelpipe_cache_bytes / kelpipe_cache_limit_bytes',
  },
  kelpipe_cache_limit_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'What they may take; older ones give way.',
    query: 'kelpipe_cache_limit_bytes',
  },
  kelpipe_cache_uncommitted_entries: {
    type: 'gauge',
    help: 'Changed units in memory that are not on disk yet.',
    query: 'kelpipe_cache_uncommitted_entries',
  },
  kelpipe_cache_misses_total: {
    type: 'counter',
    help: 'Key states that were not in memory and were asked of the store.',
    query:
      '1 - rate(kelpipe_cache_misses_total[5m]) / ignoring (operation) rate(kelpipe_native_rows_total{operation="prepare"}[5m])',
  },
  kelpipe_escrow_entries: {
    type: 'gauge',
    labels: ['kind'],
    help: 'Entries that wait, by kind, as last counted.',
    query: 'sum by (kind) (kelpipe_escrow_entries)',
  },
  kelpipe_escrow_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: ['kind'],
    help: 'What these entries take in the database.',
    query: 'sum by (kind) (kelpipe_escrow_bytes)',
  },
  kelpipe_escrow_oldest_age_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['kind'],
    help: 'For how long the oldest of these entries waits; 0 if there is none.',
    query: 'max by (kind) (kelpipe_escrow_oldest_age_seconds)',
  },
  kelpipe_escrow_counted_timestamp_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'When what waits was last counted, in seconds since 1970; counting takes 1 % of the time at most.',
    query: 'time() - kelpipe_escrow_counted_timestamp_seconds',
  },
  kelpipe_store_requests_total: {
    type: 'counter',
    help: 'Records and ranges that the engine asked of the store.',
    query: 'rate(kelpipe_store_requests_total[5m])',
  },
  kelpipe_store_read_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes of the answers.',
    query: 'rate(kelpipe_store_read_bytes_total[5m])',
  },
  kelpipe_store_writes_total: {
    type: 'counter',
    help: 'Records put or deleted.',
    query: 'rate(kelpipe_store_writes_total[5m])',
  },
  kelpipe_store_written_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Keys and values of these records.',
    query: 'rate(kelpipe_store_written_bytes_total[5m])',
  },
  kelpipe_store_commits_in_flight: {
    type: 'gauge',
    help: 'Parts whose changes are on their way to disk.',
    query: 'kelpipe_store_commits_in_flight',
  },
  kelpipe_store_records: {
    type: 'gauge',
    labels: ['table'],
    help: 'Records in the database, by table.',
    query: 'sum by (table) (kelpipe_store_records)',
  },
  kelpipe_store_file_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Size of the database file.',
    query: 'kelpipe_store_file_bytes',
  },
  kelpipe_store_unused_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Of these, bytes that nothing uses now; they are used again, and kelpipe db compact gives them back.',
    query: 'kelpipe_store_unused_bytes / kelpipe_store_file_bytes',
  },
  kelpipe_store_map_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'What the memory map has room for; it grows with the file.',
    query: 'kelpipe_store_file_bytes / kelpipe_store_map_bytes',
  },
  kelpipe_store_readers: {
    type: 'gauge',
    help: 'Readers that have the database open.',
    query: 'kelpipe_store_readers',
  },
  kelpipe_store_disk_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Size of the disk that the database is on.',
    query: 'kelpipe_store_disk_free_bytes / kelpipe_store_disk_bytes',
  },
  kelpipe_store_disk_free_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'What this disk still has room for.',
    query: 'kelpipe_store_disk_free_bytes / kelpipe_store_disk_bytes',
  },
}

/** The value that a counter or gauge has now, for one set of labels. */
export type Reading = readonly [name: string, value: number, labels?: Readonly<Record<string, string>>]

/** Asked at each scrape. */
export type Probe = () => Iterable<Reading> | Promise<Iterable<Reading>>

/**
 * The metrics of one run. Histograms are told of each batch; all else is counted elsewhere and read when somebody
 * scrapes, so that a run nobody watches pays nothing for it.
 */
export class Metrics {
  readonly registry: Registry = new Registry()
  readonly #pulled = new Map<string, Counter | Gauge>()
  readonly #histograms = new Map<string, Histogram>()
  readonly #probes: Probe[] = []

  /** `more`: of what is not part of every run. */
  constructor(more: Readonly<Record<string, Definition>> = {}) {
    collectDefaultMetrics({ register: this.registry })
    for (const [name, definition] of Object.entries({ ...definitions, ...more })) this.#add(name, definition)
  }

  /** Adds something to ask at each scrape. */
  ask(...probes: readonly Probe[]): void {
    this.#probes.push(...probes)
  }

  observe(name: string, value: number, labels: Readonly<Record<string, string>> = {}): void {
    known(this.#histograms, name).observe({ ...labels }, value)
  }

  /** All metrics in Prometheus' text format. */
  async page(): Promise<string> {
    const readings = (await Promise.all(this.#probes.map(async (probe) => [...(await probe())]))).flat()
    for (const metric of this.#pulled.values()) metric.reset()
    for (const [name, value, labels] of readings) known(this.#pulled, name).inc({ ...labels }, value)
    return this.registry.metrics()
  }

  #add(name: string, { type, labels = [], help, buckets = [] }: Definition): void {
    const configuration = { name, help, labelNames: [...labels], registers: [this.registry] }
    if (type === 'histogram')
      this.#histograms.set(name, new Histogram({ ...configuration, buckets: [...buckets] }))
    else this.#pulled.set(name, type === 'counter' ? new Counter(configuration) : new Gauge(configuration))
  }
}

function known<Metric>(metrics: ReadonlyMap<string, Metric>, name: string): Metric {
  const metric = metrics.get(name)
  if (!metric) throw new RangeError(`no metric is called ${name}`)
  return metric
}
