import type { Board } from './model.ts'

/** What the engine and the process do. */
export const native: Board = {
  name: 'native',
  title: 'kelpipe / Native engine and runtime',
  description: 'Calls into the native engine, signatures, caches, memory and the event loop.',
  rows: {
    'What does the engine do?': [
      {
        title: 'Calls',
        description: 'Into the engine, a second: a few for each batch, never one for each message.',
        unit: 'cps',
        query: 'sum by (operation) (rate(kelpipe_native_calls_total{$selector}[$__rate_interval]))',
        legend: '{{operation}}',
      },
      {
        title: 'Time in the engine',
        description: 'Seconds a second, by operation.',
        unit: 's',
        query: 'sum by (operation) (rate(kelpipe_native_seconds_total{$selector}[$__rate_interval]))',
        legend: '{{operation}}',
      },
      {
        title: 'Failed calls',
        description: 'Should be none: a refused message is no failure.',
        unit: 'short',
        query: 'sum by (operation) (increase(kelpipe_native_errors_total{$selector}[$__rate_interval]))',
        legend: '{{operation}}',
      },
      {
        title: 'Signatures',
        description: 'Checked, a second.',
        unit: 'cps',
        query: 'sum by (instance) (rate(kelpipe_signatures_checked_total{$selector}[$__rate_interval]))',
        legend: '{{instance}}',
      },
      {
        title: 'Messages in a batch',
        description: 'On average; large batches are cheaper.',
        unit: 'short',
        query:
          'sum by (instance) (rate(kelpipe_batch_messages_sum{$selector}[$__rate_interval])) / sum by (instance) (rate(kelpipe_batch_messages_count{$selector}[$__rate_interval]))',
        legend: '{{instance}}',
      },
      {
        title: 'Key states found in memory',
        description: 'The share of messages whose key state did not have to be read from the store.',
        unit: 'percentunit',
        query:
          '1 - sum by (instance) (rate(kelpipe_cache_misses_total{$selector}[$__rate_interval])) / sum by (instance) (rate(kelpipe_native_rows_total{operation="prepare", $selector}[$__rate_interval]))',
        legend: '{{instance}}',
      },
    ],
    'How is the process?': [
      {
        title: 'Longest stall of the event loop',
        description: 'Since the scrape before. Above half a second for long an alert fires.',
        unit: 's',
        query: 'max by (instance) (nodejs_eventloop_lag_max_seconds{$selector})',
        legend: '{{instance}}',
      },
      {
        title: 'Memory',
        description: 'Resident; bounded, however much comes in.',
        unit: 'bytes',
        query: 'sum by (instance) (process_resident_memory_bytes{$selector})',
        legend: '{{instance}}',
      },
      {
        title: 'Processor',
        description: 'Cores in use, by all threads.',
        unit: 'short',
        query: 'sum by (instance) (rate(process_cpu_seconds_total{$selector}[$__rate_interval]))',
        legend: '{{instance}}',
      },
      {
        title: 'Starts',
        description:
          'How often a process was started within an hour. Three within half an hour raise an alert.',
        unit: 'short',
        query: 'sum by (instance) (changes(process_start_time_seconds{$selector}[60m]))',
        legend: '{{instance}}',
      },
      {
        title: 'Memory of the caches',
        description: 'Key states and tables of keys; each has a limit.',
        unit: 'bytes',
        query: 'sum by (instance) (kelpipe_cache_bytes{$selector} + kelpipe_key_table_bytes{$selector})',
        legend: '{{instance}}',
      },
      {
        title: 'Bytes copied into the engine',
        description: 'A second; input from sources is lent, not copied.',
        unit: 'Bps',
        query: 'sum by (instance) (rate(kelpipe_native_copied_bytes_total{$selector}[$__rate_interval]))',
        legend: '{{instance}}',
      },
    ],
  },
}
