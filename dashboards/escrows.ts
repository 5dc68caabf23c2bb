import type { Board } from './model.ts'

/** What is stuck and why, and is somebody lying? */
export const escrows: Board = {
  name: 'escrows',
  title: 'kelpipe / Escrows and duplicity',
  description: 'What waits and why, what was refused, and who contradicts himself.',
  rows: {
    'What is stuck, and why?': [
      {
        title: 'Entries that wait',
        description: 'By kind of escrow, as last counted. kelpipe escrow stats says more.',
        unit: 'short',
        query: 'sum by (kind) (kelpipe_escrow_entries{$selector})',
        legend: '{{kind}}',
      },
      {
        title: 'Age of the oldest',
        description: 'kelpipe why names what the oldest entry lacks, and who could supply it.',
        unit: 's',
        query: 'max by (kind) (kelpipe_escrow_oldest_age_seconds{$selector})',
        legend: '{{kind}}',
      },
      {
        title: 'Room that they take',
        description: 'Bytes in the database; a source that takes more than its share is cut.',
        unit: 'bytes',
        query: 'sum by (kind) (kelpipe_escrow_bytes{$selector})',
        legend: '{{kind}}',
      },
      {
        title: 'Messages that are put to wait',
        description: 'A second, by kind.',
        unit: 'cps',
        query: 'sum by (kind) (rate(kelpipe_escrowed_total{$selector}[$__rate_interval]))',
        legend: '{{kind}}',
      },
      {
        title: 'What becomes of them',
        description: 'Accepted: woken by what they lacked. Expired: it never came. Evicted: too much waited.',
        unit: 'cps',
        query: 'sum by (verdict) (rate(kelpipe_entries_retried_total{$selector}[$__rate_interval]))',
        legend: '{{verdict}}',
      },
      {
        title: 'Age of the count',
        description: 'Since when what waits was not counted; large databases are counted more rarely.',
        unit: 's',
        query: 'time() - max by (instance) (kelpipe_escrow_counted_timestamp_seconds{$selector})',
        legend: '{{instance}}',
      },
    ],
    'Is somebody lying?': [
      {
        title: 'Contradictions',
        description: 'Events for a place that another event has. kelpipe duplicity ls names who signed both.',
        unit: 'short',
        query: 'sum by (instance) (increase(kelpipe_duplicity_total{$selector}[$__rate_interval]))',
        legend: '{{instance}}',
      },
      {
        title: 'Signatures that do not verify',
        description: 'A second. A burst is a broken sender or an attack.',
        unit: 'cps',
        query: 'sum by (instance) (rate(kelpipe_signatures_failed_total{$selector}[$__rate_interval]))',
        legend: '{{instance}}',
      },
      {
        title: 'Refusals',
        description: 'A second, by code (docs/errors.md).',
        unit: 'cps',
        query: 'sum by (code) (rate(kelpipe_rejected_total{$selector}[$__rate_interval]))',
        legend: '{{code}}',
      },
    ],
  },
}
