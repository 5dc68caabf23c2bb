import { verdictNames, type Row, type Verdict, type VerdictBatch } from '../../native/batch.ts'
import type { Engine, Framed, FrameFault, Framer, Prepared, Settled, Usage } from '../../native/engine.ts'
import { escrowKinds, ilkNames, rejectCodes } from '../../native/layout.ts'
import type { Requests, Writes } from '../../native/records.ts'
import type { Chunk, Origin } from '../flow.ts'

const text = new TextDecoder('latin1')

/**
 * A framer for tests: messages are lines; a line that starts with `!` is a fault. A line is complete when the next
 * byte after its end of line is there (as a bare message is), or at the end. It refuses to see a walked byte again.
 */
export class LineFramer implements Framer {
  #offset = 0

  frame(window: Uint8Array, end: boolean): Framed {
    const spans: number[] = []
    const faults: FrameFault[] = []
    let consumed = 0
    for (;;) {
      const newline = window.indexOf(10, consumed)
      if (newline < 0 || (!end && newline + 1 >= window.length)) break
      const line = text.decode(window.subarray(consumed, newline))
      const offset = BigInt(this.#offset + consumed)
      const bytes = BigInt(newline + 1 - consumed)
      if (line.startsWith('!'))
        faults.push({ code: 'cesr/test', offset, bytes, message: line, beforeFrame: spans.length / 4 })
      else spans.push(consumed, newline + 1, newline + 1, 0)
      consumed = newline + 1
    }
    if (end && consumed < window.length) {
      const offset = BigInt(this.#offset + consumed)
      const bytes = BigInt(window.length - consumed)
      faults.push({
        code: 'cesr/truncated',
        offset,
        bytes,
        message: 'truncated',
        beforeFrame: spans.length / 4,
      })
      consumed = window.length
    }
    this.#offset += consumed
    return { spans: Uint32Array.from(spans), faults, consumed }
  }
}

export const noWrites: Writes = { ops: new Uint32Array(0), arena: new Uint8Array(0) }

/** A batch of verdicts from rows. Reasons are names: of an escrow, or the code of a rejection. */
export const batchOf = (rows: readonly Partial<Row>[]): VerdictBatch => ({
  length: rows.length,
  writes: noWrites,
  verdict: Uint8Array.from(rows, ({ verdict }) => verdictNames.indexOf(verdict ?? 'accepted')),
  reason: Uint16Array.from(rows, ({ verdict, reason }) => reasonNumber(verdict ?? 'accepted', reason)),
  ilk: Uint8Array.from(rows, ({ ilk }) => ilkNames.findIndex((name) => name === (ilk ?? 'icp'))),
  isRetried: (index) => isRetried(rows[index]),
  isRepeated: (index) => rows[index]?.repeated ?? false,
  isReceipt: (index) => rows[index]?.ilk === 'rct',
  subject: (index) => subjectOf(rows[index]?.said ?? `said ${index}`),
  row: (index) => ({
    message: index,
    aid: 'A',
    sn: 0n,
    said: `said ${index}`,
    ilk: 'icp',
    verdict: 'accepted',
    reason: undefined,
    awaits: undefined,
    fn: undefined,
    verified: undefined,
    repeated: false,
    ...rows[index],
  }),
  texts: (index) => ({
    aid: Buffer.from(rows[index]?.aid ?? 'A'),
    said: Buffer.from(rows[index]?.said ?? `said ${index}`),
  }),
  sn: (index) => rows[index]?.sn ?? 0n,
  firstSeen: (index) => rows[index]?.fn ?? 0n,
  free: () => undefined,
  bytes: (_, source) => source,
})

const isRetried = (row: Partial<Row> | undefined): boolean =>
  row !== undefined && 'message' in row && row.message === undefined

function reasonNumber(verdict: Verdict, reason: string | undefined): number {
  if (verdict === 'rejected') return [...rejectCodes].find(([, { code }]) => code === reason)?.[0] ?? 0
  return Math.max(
    0,
    escrowKinds.findIndex(({ name }) => name === reason),
  )
}

const subjectOf = (said: string): number =>
  Buffer.from(said).reduce((hash, byte) => (hash * 31 + byte) % 1e9, 7)

/** What a `FakeEngine` was asked, in order. */
export type Call = string

/** An engine that accepts every message, in parts of `partRows` rows, after asking for `rounds` rounds of records. */
export class FakeEngine implements Engine {
  readonly calls: Call[] = []
  readonly #partRows: number
  readonly #rounds: number
  readonly #left = new Map<Prepared, { from: number; rounds: number }>()
  #part = 0n

  constructor(partRows: number = Number.POSITIVE_INFINITY, rounds = 0) {
    this.#partRows = partRows
    this.#rounds = rounds
  }

  async prepare(source: Uint8Array, spans: Uint32Array): Promise<Prepared> {
    const name = text.decode(source.subarray(spans[0] ?? 0, spans[1] ?? 0)).trim()
    this.calls.push(`prepare ${name}`)
    return this.#prepared(spans.length / 4)
  }

  usage(): Usage {
    return { entries: 0, bytes: 0, excess: [] }
  }

  async prepareWaiting(op: string, keys: readonly Uint8Array[]): Promise<Prepared> {
    this.calls.push(`prepareWaiting ${op}`)
    return this.#prepared(keys.length)
  }

  async settle(prepared: Prepared, fetched: Uint8Array | null): Promise<Settled> {
    const left = this.#left.get(prepared) ?? { from: 0, rounds: 0 }
    this.calls.push(`settle ${fetched ? text.decode(fetched) : 'first'}`)
    if (left.rounds > 0) {
      left.rounds -= 1
      return { missing: { ops: new Uint32Array(5), arena: new Uint8Array(0) } }
    }
    const count = Math.min(this.#partRows, prepared.rows - left.from)
    left.from += count
    this.#part += 1n
    return {
      part: this.#part,
      more: left.from < prepared.rows,
      verdicts: batchOf(Array.from({ length: count }, () => ({}))),
    }
  }

  committed(part: bigint): void {
    this.calls.push(`committed ${part}`)
  }

  #prepared(rows: number): Prepared {
    const prepared = { rows }
    this.#left.set(prepared, { from: 0, rounds: this.#rounds })
    return prepared
  }
}

/** A store that remembers what was asked and committed; a commit resolves when the test says so. */
export class FakeStore {
  readonly commits: {
    meta: ReadonlyMap<string, Uint8Array>
    done: () => void
    fail: (error: Error) => void
  }[] = []
  readonly fetched: Requests[] = []

  fetch(requests: Requests): Uint8Array {
    this.fetched.push(requests)
    return new TextEncoder().encode(`fetched ${this.fetched.length}`)
  }

  async commit(_writes: unknown, meta: ReadonlyMap<string, Uint8Array>): Promise<void> {
    await new Promise<void>((resolve, reject) => this.commits.push({ meta, done: resolve, fail: reject }))
  }
}

/** A chunk of an origin, with or without room in front. */
export function chunkOf(origin: Origin, content: string, at: number, options: Partial<Chunk> = {}): Chunk {
  const headroom = options.headroom ?? 0
  const buffer = new Uint8Array(headroom + content.length)
  buffer.set(Buffer.from(content, 'latin1'), headroom)
  return {
    origin,
    bytes: buffer.subarray(headroom),
    headroom,
    at,
    end: 'more',
    ack: () => undefined,
    ...options,
  }
}

/** Resolves after all that is ready to run has run. */
export const settledTurns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
