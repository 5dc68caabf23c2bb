import * as fc from 'fast-check'
import { from, lastValueFrom, toArray } from 'rxjs'
import { expect, test } from 'vitest'

import { spanWords, type Framed, type Framer } from '../native/engine.ts'
import { frame, type FrameOptions } from './frame.ts'
import type { Chunk, Frames, Origin } from './flow.ts'
import { chunkOf, LineFramer } from './testing/fakes.ts'

const origin: Origin = { id: 1, name: 'test' }
const options: FrameOptions = { framer: () => new LineFramer(), pendingBytesMax: 1000, flushBytesMax: 1000 }

const framed = async (chunks: readonly Chunk[], changed: Partial<FrameOptions> = {}): Promise<Frames[]> =>
  lastValueFrom(from(chunks).pipe(frame({ ...options, ...changed }), toArray()))

const textOf = (frames: readonly Frames[]): string[] =>
  frames.flatMap(({ source, spans }) =>
    Array.from({ length: spans.length / spanWords }, (_, index) =>
      Buffer.from(source.subarray(spans[index * spanWords], spans[index * spanWords + 2])).toString('latin1'),
    ),
  )

const faultsOf = (frames: readonly Frames[]): string[] =>
  frames.flatMap(({ faults }) => faults.map(({ code, offset, bytes }) => `${code} ${offset}+${bytes}`))

/** Cuts a stream into chunks at the given places. */
function chunked(stream: string, cuts: readonly number[], headroom: number): Chunk[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length])].toSorted(
    (a, b) => a - b,
  )
  const pieces = places
    .slice(1)
    .map((to, index) => chunkOf(origin, stream.slice(places[index], to), places[index] ?? 0, { headroom }))
  return [...pieces, chunkOf(origin, '', stream.length, { end: 'end' })]
}

// Goal: no byte position is special. Method: any stream, cut anywhere, with and without headroom, against the whole.
test('cutting the stream anywhere changes neither messages nor faults', async () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'b', '!', '\n'), maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.array(fc.nat(), { maxLength: 20 }),
      fc.constantFrom(0, 8, 64),
      async (lines, cuts, headroom) => {
        const stream = lines.join('\n')
        const whole = await framed(chunked(stream, [], 0))
        const pieces = await framed(chunked(stream, cuts, headroom))
        expect(textOf(pieces)).toEqual(textOf(whole))
        expect(faultsOf(pieces)).toEqual(faultsOf(whole))
      },
    ),
    { numRuns: 300 },
  )
})

test('positions tell where to take up the stream again, and the source starts where it says', async () => {
  const frames = await framed([
    chunkOf(origin, 'one\ntwo\nthr', 100),
    chunkOf(origin, 'ee\nfour', 111),
    chunkOf(origin, '', 118, { end: 'end' }),
  ])
  expect(frames.map(({ at, position }) => [at, position])).toEqual([
    [100, 108],
    [108, 114],
    [114, 118],
  ])
  expect(faultsOf(frames)).toEqual(['cesr/truncated 114+4'])
  // What the end cut off is read again when the stream has grown.
  expect(frames.map(({ resume }) => resume)).toEqual([108, 114, 114])
})

test('a chunk that completes nothing is acknowledged at once; the others by who has stored them', async () => {
  const acknowledged: string[] = []
  const chunk = (content: string, at: number): Chunk =>
    chunkOf(origin, content, at, { ack: () => acknowledged.push(content) })
  const frames = await framed([chunk('on', 0), chunk('e\ntwo', 2)])
  expect(acknowledged).toEqual(['on'])
  frames[0]?.ack()
  expect(acknowledged).toEqual(['on', 'e\ntwo'])
})

test('a batch keeps its bytes while later chunks come', async () => {
  const frames = await framed(
    chunked('first\nsecond\nthird\n'.repeat(20), [3, 9, 10, 11, 40, 100, 101, 200], 16),
  )
  expect(textOf(frames)).toEqual(
    Array.from({ length: 60 }, (_, index) => `${['first', 'second', 'third'][index % 3]}\n`),
  )
})

test('bytes without a complete message are given up at the limit, and the stream goes on', async () => {
  const chunks = [
    chunkOf(origin, 'x'.repeat(1001), 0),
    chunkOf(origin, 'good\nnext\n', 1001),
    chunkOf(origin, '', 1011, { end: 'end' }),
  ]
  const frames = await framed(chunks)
  expect(faultsOf(frames)).toEqual(['cesr/pending-limit 0+1001'])
  expect(textOf(frames)).toEqual(['good\n', 'next\n'])
})

test('a silence delivers a tail that is whole messages, and leaves one that is not', async () => {
  const flush = (at: number): Chunk => chunkOf(origin, '', at, { end: 'flush' })
  const frames = await framed([
    chunkOf(origin, 'whole\n', 0),
    flush(6),
    chunkOf(origin, 'half', 6),
    flush(10),
    chunkOf(origin, '\nx', 10),
  ])
  expect(textOf(frames)).toEqual(['whole\n', 'half\n'])
  expect(faultsOf(frames)).toEqual([])
})

test('sources learn how much of their stream is unfinished', async () => {
  const seen: [number, boolean][] = []
  const heard = (pending: number, progressed: boolean): number => seen.push([pending, progressed])
  await framed([chunkOf(origin, 'on', 0, { framed: heard }), chunkOf(origin, 'e\ntwo', 2, { framed: heard })])
  expect(seen).toEqual([
    [2, false],
    [3, true],
  ])
})

test('origins do not mix', async () => {
  const other: Origin = { id: 2, name: 'other' }
  const frames = await framed([
    chunkOf(origin, 'a', 0),
    chunkOf(other, 'b', 0),
    chunkOf(origin, '1\n.', 1),
    chunkOf(other, '2\n.', 1),
  ])
  expect(frames.map((batch) => [batch.origin.id, ...textOf([batch])])).toEqual([
    [1, 'a1\n'],
    [2, 'b2\n'],
  ])
})

// Goal: one byte at a time costs a linear number of copied bytes. Method: count them for a long message.
test('a long message that drips in is copied a bounded number of times', async () => {
  let copied = 0
  const never: Framer = { frame: (): Framed => ({ spans: new Uint32Array(0), faults: [], consumed: 0 }) }
  const bytes = 20_000
  const chunks = Array.from({ length: bytes }, (_, at) => chunkOf(origin, 'x', at, { headroom: 64 }))
  await framed(chunks, { framer: () => never, pendingBytesMax: 1e9, copied: (count) => (copied += count) })
  expect(copied).toBeLessThan(2 * bytes)
})
