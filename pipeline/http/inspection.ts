import { PassThrough, Readable } from 'node:stream'

import type { Addon } from '../../native/addon.ts'
import type { EngineOptions } from '../../native/engine.ts'
import { tool } from '../../native/tools.ts'
import { Tally } from '../../operators/meter.ts'
import { reasonOf } from '../errors.ts'
import type { Limits } from '../limits.ts'
import { Pace } from '../pace.ts'
import { run } from '../run.ts'
import { verdictLines } from '../sinks/verdicts.ts'
import { streamSource } from '../sources/stream.ts'
import { MemoryStore } from '../store/memory.ts'

export interface InspectionOptions {
  readonly addon: Addon
  readonly engine: EngineOptions
  readonly limits: Limits
}

/**
 * What stands in a stream and what it is worth by itself, without a database, as JSON lines: first a verdict or a fault
 * each, then the annotations without the values that stand in the stream, then one of the type `end`, which says why if
 * something failed.
 */
export async function* inspection(bytes: Uint8Array, options: InspectionOptions): AsyncGenerator<Uint8Array> {
  let failure: string | undefined
  try {
    yield* judged(bytes, options)
  } catch (error) {
    failure = reasonOf(error)
  }
  yield* annotated(bytes, options)
  yield Buffer.from(`${JSON.stringify({ type: 'end', ...(failure !== undefined && { failure }) })}\n`)
}

async function* judged(
  bytes: Uint8Array,
  { addon, engine: rules, limits }: InspectionOptions,
): AsyncGenerator<Uint8Array> {
  const stopped = new AbortController()
  const lines = new PassThrough({ highWaterMark: limits.inspectPieceBytes })
  const write = async (text: string): Promise<void> => {
    if (text === '' || lines.destroyed || lines.write(text)) return
    await new Promise<void>((resolve) => {
      for (const event of ['drain', 'close']) lines.once(event, resolve)
    })
  }
  const engine = addon.engine(rules)
  engine.open(null)
  const running = run({
    sources: [
      streamSource('stream', () =>
        Readable.from(pieces(bytes, limits.inspectPieceBytes), { objectMode: false }),
      ),
    ],
    store: new MemoryStore(limits.memoryStoreBytes),
    engine,
    framer: () => addon.framer(rules),
    sinks: [{ write: async (part) => write(verdictLines(part)) }],
    tally: new Tally(),
    commit: 'group',
    limits,
    pace: new Pace(limits),
    signal: stopped.signal,
    note: () => undefined,
  })
  const ended = running.then(
    () => lines.end(),
    (error: unknown) => lines.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  try {
    yield* lines as AsyncIterable<Uint8Array>
  } finally {
    stopped.abort()
    lines.destroy()
    await ended
    engine.close()
  }
}

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function* annotated(
  bytes: Uint8Array,
  { engine, limits }: InspectionOptions,
): AsyncGenerator<Uint8Array> {
  const annotator = tool('annotate-map', engine)
  let size = limits.inspectPieceBytes
  for (let [at, end] = [0, false]; !end;) {
    end = at + size >= bytes.length
    const made = await annotator.next(bytes.subarray(at, at + size), end)
    yield made.bytes
    at += made.consumed
    // A message that does not fit is looked at again with twice as much of it.
    size = made.consumed === 0 ? 2 * size : limits.inspectPieceBytes
  }
}
