import type { Board } from './model.ts'

/** Workers on Kafka: do they keep up, who has what, what leaves them? */
export const fleet: Board = {
  name: 'fleet',
  title: 'kelpipe / Kafka fleet',
  description: 'Workers that share the partitions of a topic: lag, shares, and what is published.',
  rows: {
    'Does the fleet keep up?': [
      {
        title: 'Lag',
        description:
          'Records of the input that are not published yet, by partition. One that grows alone is stuck.',
        unit: 'short',
        query: 'max by (partition) (kelpipe_kafka_lag_records{$selector})',
        legend: 'partition {{partition}}',
      },
      {
        title: 'Input that is done with',
        description: 'Records a second that are on disk and whose outputs are published, by partition.',
        unit: 'cps',
        query: 'sum by (partition) (rate(kelpipe_kafka_published_offset{$selector}[$__rate_interval]))',
        legend: 'partition {{partition}}',
      },
      {
        title: 'Input that comes',
        description: 'Records a second that are put into the topic, by partition.',
        unit: 'cps',
        query: 'sum by (partition) (rate(kelpipe_kafka_end_offset{$selector}[$__rate_interval]))',
        legend: 'partition {{partition}}',
      },
    ],
    'Who has what, and does it hold?': [
      {
        title: 'Partitions',
        description: 'By worker and state. Opening: taken over, or made anew from what was published.',
        unit: 'short',
        query: 'sum by (instance, state) (kelpipe_kafka_partitions{$selector})',
        legend: '{{instance}} {{state}}',
      },
      {
        title: 'Rebalances',
        description:
          'How often the group shared its partitions out. Often: workers come and go, or are too slow.',
        unit: 'short',
        query: 'sum by (instance) (increase(kelpipe_kafka_rebalances_total{$selector}[$__rate_interval]))',
        legend: '{{instance}}',
      },
      {
        title: 'Restarts of partitions',
        description: 'Partitions that failed and were opened again; the worker says why in its log.',
        unit: 'short',
        query:
          'sum by (instance) (increase(kelpipe_kafka_partition_restarts_total{$selector}[$__rate_interval]))',
        legend: '{{instance}}',
      },
      {
        title: 'Batches under way',
        description:
          'The share of the credits of a partition that is in use; at the top nothing more is taken.',
        unit: 'percentunit',
        query:
          'max by (instance, partition) (kelpipe_kafka_credits_used{$selector} / on (job, instance) group_left () kelpipe_kafka_credits_limit{$selector})',
        legend: '{{instance}} partition {{partition}}',
      },
      {
        title: 'State made anew',
        description: 'The share of what was published that a new owner of a partition has read again.',
        unit: 'percentunit',
        query:
          'max by (partition) (kelpipe_kafka_rebuild_read_records{$selector} / (kelpipe_kafka_rebuild_records{$selector} > 0)) or max by (partition) (0 * kelpipe_kafka_lag_records{$selector} + 1)',
        legend: 'partition {{partition}}',
      },
      {
        title: 'Offsets taken in',
        description: 'Behind the last record of each partition that was taken in. It only goes up.',
        unit: 'short',
        query: 'max by (partition) (kelpipe_kafka_read_offset{$selector})',
        legend: 'partition {{partition}}',
      },
    ],
    'What leaves the fleet?': [
      {
        title: 'Records published',
        description: 'A second, by sink.',
        unit: 'cps',
        query: 'sum by (sink) (rate(kelpipe_kafka_sent_records_total{$selector}[$__rate_interval]))',
        legend: '{{sink}}',
      },
      {
        title: 'Bytes published',
        description: 'A second, by sink.',
        unit: 'Bps',
        query: 'sum by (sink) (rate(kelpipe_kafka_sent_bytes_total{$selector}[$__rate_interval]))',
        legend: '{{sink}}',
      },
      {
        title: 'Dead letters',
        description:
          'Records that could not be taken in, by reason. kelpipe dlq ls shows them. Any raises an alert.',
        unit: 'short',
        query: 'sum by (reason) (increase(kelpipe_kafka_dead_letters_total{$selector}[$__rate_interval]))',
        legend: '{{reason}}',
      },
      {
        title: 'Waits to be published',
        description:
          'Bytes on disk whose publication is not confirmed; at the limit the store waits for the broker.',
        unit: 'bytes',
        query: 'sum by (partition) (kelpipe_kafka_outbox_bytes{$selector})',
        legend: 'partition {{partition}}',
      },
      {
        title: 'Records that wait to be published',
        description: 'In these parts of batches.',
        unit: 'short',
        query: 'sum by (partition) (kelpipe_kafka_outbox_records{$selector})',
        legend: 'partition {{partition}}',
      },
      {
        title: 'Slowest hundredth of the publications',
        description: 'From the begin of a transaction to its commit, by worker.',
        unit: 's',
        query:
          'histogram_quantile(0.99, sum by (instance, le) (rate(kelpipe_kafka_publish_duration_seconds_bucket{$selector}[$__rate_interval])))',
        legend: '{{instance}}',
      },
    ],
  },
}
