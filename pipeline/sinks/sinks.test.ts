import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import type { Row } from '../../native/batch.ts'
import type { Frames, Part } from '../../operators/flow.ts'
import { batchOf } from '../../operators/testing/fakes.ts'
import { acceptedSink } from './accepted.ts'
import { Output } from './output.ts'
import { verdictSink } from './verdicts.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-sinks-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const frames: Frames = {
  kind: 'frames',
  origin: { id: 1, name: 'kel.cesr' },
  source: Buffer.from('xxfirstSIG??secondSIG'),
  spans: Uint32Array.of(2, 7, 10, 0, 12, 18, 21, 0),
  faults: [
    {
      code: 'cesr/cold-start',
      offset: 100n,
      bytes: 2n,
      message: 'no message can start here',
      beforeFrame: 0,
    },
    {
      code: 'cesr/cold-start',
      offset: 110n,
      bytes: 2n,
      message: 'no message can start here',
      beforeFrame: 1,
    },
    { code: 'cesr/truncated', offset: 121n, bytes: 9n, message: 'cut off', beforeFrame: 2 },
  ],
  at: 100,
  position: 130,
  resume: 130,
  ack: () => undefined,
}

const partOf = (rows: readonly Partial<Row>[], last = true): Part => ({
  work: frames,
  settled: {
    part: 1n,
    verdicts: {
      ...batchOf(rows),
      bytes: (index, source) => source.subarray(...placeOf(rows[index]?.message ?? index)),
    },
  },
  last,
  release: () => undefined,
})

const placeOf = (message: number): [number, number] => [
  frames.spans[message * 4] ?? 0,
  frames.spans[message * 4 + 2] ?? 0,
]

async function written(sinkOf: typeof verdictSink, parts: readonly Part[]): Promise<string> {
  const path = join(directory, 'out')
  const output = new Output(path, 1000)
  const sink = sinkOf(output)
  for (const part of parts) await sink.write(part)
  await output.close()
  return readFileSync(path, 'utf8')
}

test('verdicts and faults come out as one object a line, in the order of the stream', async () => {
  const rows: Partial<Row>[] = [
    { aid: 'EA', sn: 17n, said: 'ES', ilk: 'ixn', fn: 3n },
    { message: undefined, verdict: 'accepted', fn: 4n },
    { message: 1, verdict: 'rejected', reason: 'keri/said' },
    { message: 1, verdict: 'escrowed', reason: 'out-of-order', awaits: 'prior-event' },
  ]
  const lines = (await written(verdictSink, [partOf(rows)])).trim().split('\n')
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    {
      type: 'fault',
      source: 'kel.cesr',
      offset: 100,
      bytes: 2,
      code: 'cesr/cold-start',
      message: 'no message can start here',
    },
    {
      type: 'verdict',
      source: 'kel.cesr',
      offset: 102,
      bytes: 8,
      aid: 'EA',
      sn: '11',
      said: 'ES',
      ilk: 'ixn',
      verdict: 'accepted',
      fn: 3,
    },
    {
      type: 'verdict',
      aid: 'A',
      sn: '0',
      said: 'said 1',
      ilk: 'icp',
      verdict: 'accepted',
      fn: 4,
      retried: true,
    },
    {
      type: 'fault',
      source: 'kel.cesr',
      offset: 110,
      bytes: 2,
      code: 'cesr/cold-start',
      message: 'no message can start here',
    },
    {
      type: 'verdict',
      source: 'kel.cesr',
      offset: 112,
      bytes: 9,
      aid: 'A',
      sn: '0',
      said: 'said 2',
      ilk: 'icp',
      verdict: 'rejected',
      code: 'keri/said',
    },
    {
      type: 'verdict',
      source: 'kel.cesr',
      offset: 112,
      bytes: 9,
      aid: 'A',
      sn: '0',
      said: 'said 3',
      ilk: 'icp',
      verdict: 'escrowed',
      escrow: 'out-of-order',
      awaits: 'prior-event',
    },
    { type: 'fault', source: 'kel.cesr', offset: 121, bytes: 9, code: 'cesr/truncated', message: 'cut off' },
  ])
})

test('faults behind the rows of a part wait for the last part', async () => {
  const early = await written(verdictSink, [partOf([{ message: 0 }], false)])
  expect(early.trim().split('\n')).toHaveLength(2)
})

test('accepted events come out byte for byte as they were received, without what is between them', async () => {
  expect(await written(acceptedSink, [partOf([{}, { verdict: 'accepted' }])])).toBe('firstSIGsecondSIG')
  expect(await written(acceptedSink, [partOf([{ verdict: 'rejected', reason: 'keri/said' }, {}])])).toBe(
    'secondSIG',
  )
})

test('a file that cannot be written is an error that names it', async () => {
  const output = new Output(join(directory, 'no', 'such', 'folder'), 1000)
  await output.write('x')
  await expect(output.close()).rejects.toMatchObject({
    code: 'sink/write',
    message: expect.stringContaining('such/folder'),
  })
})
