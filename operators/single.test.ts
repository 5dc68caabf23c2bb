import { lastValueFrom, of, toArray } from 'rxjs'
import { expect, test } from 'vitest'

import type { FrameFault } from '../native/engine.ts'
import type { Frames } from './flow.ts'
import { single } from './single.ts'

const fault = (beforeFrame: number): FrameFault => ({
  code: `cesr/${beforeFrame}`,
  offset: 0n,
  bytes: 1n,
  message: '',
  beforeFrame,
})

test('each message becomes a batch with the faults before it and its own position; the last acknowledges', async () => {
  let acknowledged = 0
  const batch: Frames = {
    kind: 'frames',
    origin: { id: 1, name: 'test' },
    source: new Uint8Array(30),
    spans: Uint32Array.of(0, 5, 10, 0, 10, 15, 20, 0, 20, 22, 25, 0),
    faults: [fault(0), fault(2), fault(3)],
    at: 1000,
    position: 1030,
    resume: 1030,
    ack: () => (acknowledged += 1),
  }
  const singles = await lastValueFrom(of(batch).pipe(single(), toArray()))
  expect(singles.map(({ spans }) => [...spans])).toEqual([
    [0, 5, 10, 0],
    [10, 15, 20, 0],
    [20, 22, 25, 0],
  ])
  expect(singles.map(({ position }) => position)).toEqual([1010, 1020, 1030])
  expect(
    singles.map(({ faults }) => faults.map(({ code, beforeFrame }) => `${code}@${beforeFrame}`)),
  ).toEqual([['cesr/0@0'], [], ['cesr/2@0', 'cesr/3@1']])
  for (const one of singles) one.ack()
  expect(acknowledged).toBe(1)
})
