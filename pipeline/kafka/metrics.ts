import { durations, type Definition } from '../metrics.ts'

/** Metrics of `kelpipe run`, beside those of any run, by name (docs/metrics.md). */
export const kafkaDefinitions: Readonly<Record<string, Definition>> = {
  kelpipe_kafka_partitions: {
    type: 'gauge',
    labels: ['state'],
    help: 'Partitions that the group gave to this worker: ready, or opening (taken over or made anew); and copied, those of others.',
    query: 'sum by (state) (kelpipe_kafka_partitions)',
  },
  kelpipe_kafka_rebalances_total: {
    type: 'counter',
    help: 'How often the group shared its partitions out and told this worker.',
    query: 'increase(kelpipe_kafka_rebalances_total[10m])',
  },
  kelpipe_kafka_partition_restarts_total: {
    type: 'counter',
    help: 'Partitions that failed and were opened again.',
    query: 'increase(kelpipe_kafka_partition_restarts_total[10m])',
  },
  kelpipe_kafka_end_offset: {
    type: 'gauge',
    labels: ['partition'],
    help: 'Offset behind the last record of a partition of the input, as last heard.',
    query: 'sum(kelpipe_kafka_end_offset)',
  },
  kelpipe_kafka_read_offset: {
    type: 'gauge',
    labels: ['partition'],
    help: 'Offset behind the last record that was taken in.',
    query: 'sum(kelpipe_kafka_read_offset)',
  },
  kelpipe_kafka_published_offset: {
    type: 'gauge',
    labels: ['partition'],
    help: 'Offset behind the last record that is on disk and whose outputs are published.',
    query: 'sum(rate(kelpipe_kafka_published_offset[5m]))',
  },
  kelpipe_kafka_lag_records: {
    type: 'gauge',
    labels: ['partition'],
    help: 'Records of a partition that are not published yet.',
    query: 'max(kelpipe_kafka_lag_records)',
  },
  kelpipe_kafka_credits_used: {
    type: 'gauge',
    labels: ['partition'],
    help: 'Batches of a partition that are under way; at the limit nothing more is taken.',
    query: 'max(kelpipe_kafka_credits_used / ignoring (partition) group_left kelpipe_kafka_credits_limit)',
  },
  kelpipe_kafka_credits_limit: {
    type: 'gauge',
    help: 'How many of them there may be.',
    query: 'kelpipe_kafka_credits_limit',
  },
  kelpipe_kafka_outbox_entries: {
    type: 'gauge',
    labels: ['partition'],
    help: 'Parts of batches that are on disk and not published yet.',
    query: 'max(kelpipe_kafka_outbox_entries)',
  },
  kelpipe_kafka_outbox_records: {
    type: 'gauge',
    labels: ['partition'],
    help: 'Records in them.',
    query: 'sum(kelpipe_kafka_outbox_records)',
  },
  kelpipe_kafka_outbox_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: ['partition'],
    help: 'Bytes of these records; at the limit the store waits.',
    query: 'sum(kelpipe_kafka_outbox_bytes)',
  },
  kelpipe_kafka_sent_records_total: {
    type: 'counter',
    labels: ['sink'],
    help: 'Records published, by sink: accepted, escrows, exchange, deadLetters, states, duplicity; of a gateway, input.',
    query: 'sum by (sink) (rate(kelpipe_kafka_sent_records_total[5m]))',
  },
  kelpipe_kafka_sent_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['sink'],
    help: 'Their bytes: keys, values and headers.',
    query: 'sum by (sink) (rate(kelpipe_kafka_sent_bytes_total[5m]))',
  },
  kelpipe_kafka_dead_letters_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Dead letters published, by reason (docs/kafka.md).',
    query: 'sum by (reason) (increase(kelpipe_kafka_dead_letters_total[1h]))',
  },
  kelpipe_kafka_publish_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'From the begin of a transaction to its commit.',
    query: 'histogram_quantile(0.99, sum by (le) (rate(kelpipe_kafka_publish_duration_seconds_bucket[5m])))',
    buckets: durations,
  },
  kelpipe_kafka_rebuild_read_records: {
    type: 'gauge',
    labels: ['partition'],
    help: 'Of a partition whose state was or is made anew, how many records were read for that.',
    query: 'kelpipe_kafka_rebuild_read_records / kelpipe_kafka_rebuild_records',
  },
  kelpipe_kafka_rebuild_records: {
    type: 'gauge',
    labels: ['partition'],
    help: 'How many there were to read.',
    query: 'kelpipe_kafka_rebuild_records',
  },
}
