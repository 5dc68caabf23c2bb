import type { Board } from './model.ts'

/** Is it up, does it keep up, and where does the time go? */
export const pipeline: Board = {
  name: 'pipeline',
  title: 'kelpipe / Pipeline',
  description: 'Whether the pipeline is up and keeps up with its input, and where its time goes.',
  rows: {
    'Is it up and keeping up?': [
      {
        title: 'Versions that run',
        description: 'One for each process. A gap is a process that did not answer.',
        unit: 'short',
        query: 'count by (version, cpu_path) (kelpipe_build_info{$selector})',
        legend: '{{version}} {{cpu_path}}',
      },
      {
        title: 'Messages',
        description: 'Messages a second by what became of them. A fall while input waits is trouble.',
        unit: 'cps',
        query: 'sum by (verdict) (rate(kelpipe_messages_total{$selector}[$__rate_interval]))',
        legend: '{{verdict}}',
      },
      {
        title: 'Input that is done with',
        description: 'Bytes a second whose messages are on disk and published.',
        unit: 'Bps',
        query: 'sum by (instance) (rate(kelpipe_message_bytes_total{$selector}[$__rate_interval]))',
        legend: '{{instance}}',
      },
      {
        title: 'Lag',
        description: 'For how long the oldest piece of input waits. Above a minute an alert fires.',
        unit: 's',
        query: 'max by (instance, source) (kelpipe_source_lag_seconds{$selector})',
        legend: '{{instance}} {{source}}',
      },
      {
        title: 'Pieces of input under way',
        description: 'Credits in use: a source reads on when one returns.',
        unit: 'short',
        query: 'sum by (instance, source) (kelpipe_source_chunks_in_flight{$selector})',
        legend: '{{instance}} {{source}}',
      },
      {
        title: 'Faults',
        description: 'Stretches of bytes that are no message, by code (docs/errors.md).',
        unit: 'cps',
        query: 'sum by (code) (rate(kelpipe_faults_total{$selector}[$__rate_interval]))',
        legend: '{{code}}',
      },
    ],
    'Where does the time go?': [
      {
        title: 'Where the time goes',
        description: 'Seconds a second in each stage; stages overlap, so the sum may be more than one.',
        unit: 's',
        query: 'sum by (stage) (rate(kelpipe_stage_duration_seconds_sum{$selector}[$__rate_interval]))',
        legend: '{{stage}}',
      },
      {
        title: 'Slowest hundredth of each stage',
        description: 'Commit: the disk. Publish: whoever reads the output. Settle: signatures.',
        unit: 's',
        query:
          'histogram_quantile(0.99, sum by (stage, le) (rate(kelpipe_stage_duration_seconds_bucket{$selector}[$__rate_interval])))',
        legend: '{{stage}}',
      },
      {
        title: 'Slowest hundredth of the input',
        description: 'From the read of a piece of input to its acknowledgement.',
        unit: 's',
        query:
          'histogram_quantile(0.99, sum by (source, le) (rate(kelpipe_source_chunk_duration_seconds_bucket{$selector}[$__rate_interval])))',
        legend: '{{source}}',
      },
    ],
    'Is there room?': [
      {
        title: 'Room on the disk',
        description: 'The share of the disk that is free. Below a tenth an alert fires.',
        unit: 'percentunit',
        query:
          'min by (instance) (kelpipe_store_disk_free_bytes{$selector} / kelpipe_store_disk_bytes{$selector})',
        legend: '{{instance}}',
      },
      {
        title: 'Size of the database',
        description: 'The file; what of it is unused is used again.',
        unit: 'bytes',
        query: 'sum by (instance) (kelpipe_store_file_bytes{$selector})',
        legend: '{{instance}}',
      },
      {
        title: 'Records',
        description: 'Records by table: kel and log grow with what was accepted.',
        unit: 'short',
        query: 'sum by (table) (kelpipe_store_records{$selector})',
        legend: '{{table}}',
      },
    ],
  },
}
