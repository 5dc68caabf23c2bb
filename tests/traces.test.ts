import { Readable } from 'node:stream'

import { SpanStatusCode } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'

import { requireAddon } from '../pipeline/addon.ts'
import { Tally } from '../operators/meter.ts'
import { kel, stream } from './boundary/kel.ts'
import { engineOptions, standardRules } from '../pipeline/commands/options.ts'
import { limits } from '../pipeline/limits.ts'
import { Pace } from '../pipeline/pace.ts'
import { run, type Run } from '../pipeline/run.ts'
import { streamSource } from '../pipeline/sources/stream.ts'
import { MemoryStore } from '../pipeline/store/memory.ts'
import { traced } from '../pipeline/telemetry/traced.ts'

const exporter = new InMemorySpanExporter()
const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer(
  'test',
)

function runOf(messages: readonly Uint8Array[], changed: Partial<Run> = {}): Run {
  const addon = requireAddon()
  const rules = engineOptions(standardRules)
  const engine = addon.engine(rules)
  engine.open(null)
  return {
    sources: [
      streamSource('stream', () => Readable.from([Buffer.from(stream(messages))], { objectMode: false })),
    ],
    store: new MemoryStore(),
    engine,
    framer: () => addon.framer(rules),
    sinks: [{ write: async () => undefined }],
    tally: new Tally(),
    commit: 'group',
    limits,
    pace: new Pace(limits),
    signal: new AbortController().signal,
    note: () => undefined,
    ...changed,
  }
}

/** The spans so far: name, name of the span around it, whether it failed. */
function spans(): [name: string, around: string | undefined, failed: boolean][] {
  const all = exporter.getFinishedSpans()
  const names = new Map(all.map((span) => [span.spanContext().spanId, span.name]))
  exporter.reset()
  return all.map(({ name, parentSpanContext, status }) => [
    name,
    names.get(parentSpanContext?.spanId ?? ''),
    status.code === SpanStatusCode.ERROR,
  ])
}

test('a batch is a span, and each of its steps one below it', async () => {
  const { messages } = kel(90, 3)
  await run(traced(runOf(messages), tracer))
  const batches = exporter.getFinishedSpans().filter(({ name }) => name === 'batch')
  const sum = (name: string): number =>
    batches.reduce((total, { attributes }) => total + Number(attributes[name]), 0)
  expect([sum('kelpipe.messages'), sum('kelpipe.bytes')]).toEqual([3, stream(messages).length])
  const seen = spans()
  expect(seen.at(-1)).toEqual(['batch', undefined, false])
  const steps = ['prepare', 'settle', 'commit', 'publish'].map((step) => `${step} in batch`)
  const told = seen.map(([name, around]) => (around === undefined ? name : `${name} in ${around}`))
  expect(new Set(told)).toEqual(new Set(['batch', ...steps]))
})

test('a step that fails marks its batch', async () => {
  const store = new MemoryStore()
  store.commit = async () => Promise.reject(new Error('the disk is gone'))
  await expect(run(traced(runOf(kel(91, 2).messages, { store }), tracer))).rejects.toThrow('the disk is gone')
  expect(spans().filter(([, , failed]) => failed)).toEqual([
    ['batch', undefined, true],
    ['commit', 'batch', true],
  ])
})
