import { createRequire } from 'node:module'
import { join } from 'node:path'

import { Verdicts } from './batch.ts'
import type {
  Engine,
  EngineOptions,
  Framed,
  Framer,
  FrameFault,
  Prepared,
  RecordFramer,
  Settled,
  WaitingOp,
} from './engine.ts'
import { faultCodes, faultWords } from './layout.ts'
import { packageRoot } from './root.ts'

/** What the engine runs on. */
export interface Features {
  /** The implementation of the signature checks in use. */
  readonly path: string
  readonly available: readonly string[]
  readonly threads: number
  readonly version: string
  readonly nodeApi: number
  readonly optimized: boolean
  readonly target: string
}

/** Digests records as they are fed, table after table in the order of their keys. */
export interface StateDigest {
  aid(key: Uint8Array, value: Uint8Array): void
  kel(key: Uint8Array, value: Uint8Array): void
  event(log: Uint8Array, late: readonly Uint8Array[]): void
  waiting(key: Uint8Array, value: Uint8Array): void
  finish(): ArrayBuffer
}

/** An engine, with what it tells of itself. */
export interface NativeEngine extends Engine {
  /** Goes on at what the database holds: the `meta` record `ordinal`, nothing for an empty database. */
  open(ordinal: Uint8Array | null): void
  /** What a `waiting` record is indexed under by the limits of this engine, as JSON. */
  waitingIndexes(value: Uint8Array): string
  /** Counts `waiting` records that the database holds, before the first settle: a store's answer to one request. */
  countWaiting(answer: Uint8Array): void
  metrics(): EngineMetrics
  /** Starts all counts anew. */
  resetMetrics(): void
  features(): Features
  /** Refuses all further calls; what is under way comes to its end. */
  close(): void
}

/** Counts of one operation since the last reset. */
export interface OperationMetrics {
  readonly operation: string
  readonly count: number
  /** Of these calls, refused or failed ones. */
  readonly errors: number
  readonly nanoseconds: number
  readonly nanosecondsMax: number
  /** Messages, entries or verdicts. */
  readonly rows: number
  /** Bytes handed in. */
  readonly bytes: number
}

/** What an engine counts. Sizes are as after the last settle. */
export interface EngineMetrics {
  readonly operations: readonly OperationMetrics[]
  /** Bytes of sources that were copied. */
  readonly copiedBytes: number
  readonly signaturesChecked: number
  readonly signaturesFailed: number
  readonly cacheEntries: number
  readonly cacheBytes: number
  /** Changed units that are not on disk yet. */
  readonly uncommitted: number
  readonly crypto: CryptoMetrics
}

/** What the signature checks count. */
export interface CryptoMetrics {
  readonly checks: number
  readonly valid: number
  /** Signatures checked against a table of their key, and what became of the tables. */
  readonly tableHits: number
  readonly tablesBuilt: number
  readonly tablesEvicted: number
  readonly tableBytes: number
  readonly nanoseconds: number
}

/** The addon as its binding gives it: buffers and words. */
interface Binding {
  Engine: new (options: EngineOptions) => BoundEngine
  Framer: new (options: EngineOptions) => BoundFramer
  RecordFramer: new (options: EngineOptions, keyed: boolean) => BoundRecordFramer
  StateDigest: new () => StateDigest
  keyState(aid: string, value: Uint8Array, dated: boolean): string | null
  record(table: number, key: Uint8Array, value: Uint8Array): string | null
  replay(log: Uint8Array, late: readonly Uint8Array[]): ArrayBuffer
  ordinals(kel: Uint8Array): ArrayBuffer
  waitingMessage(key: Uint8Array, value: Uint8Array): ArrayBuffer
  missing(key: Uint8Array, value: Uint8Array, record: Uint8Array | null): string
  annotated(stream: Uint8Array): string
  keyStateAt(log: Uint8Array, est: Uint8Array, inception: Uint8Array): string
  evidence(value: Uint8Array, before: Uint8Array | null): string
  aidCounted(value: Uint8Array | null, counts: Uint32Array): ArrayBuffer
  metrics(): readonly OperationMetrics[]
  resetMetrics(): void
  boundArenas(most: number): boolean
  free(buffers: readonly ArrayBuffer[]): void
}

interface BoundEngine {
  open(ordinal: Uint8Array | null): void
  prepare(source: Uint8Array, spans: Uint32Array, origin: number, copy: boolean): Promise<Prepared>
  prepareWaiting(op: WaitingOp, keys: readonly Uint8Array[], kind?: string): Promise<Prepared>
  settle(prepared: Prepared, fetched: Uint8Array | null, nowMicros: bigint): Promise<BoundSettled>
  committed(part: bigint): void
  countWaiting(answer: Uint8Array): void
  usage(): string
  waitingIndexes(value: Uint8Array): string
  metrics(): EngineMetrics
  resetMetrics(): void
  features(): Features
  close(): void
}

interface BoundFramer {
  frame(window: Uint8Array, end: boolean): { spans: ArrayBuffer; faults: ArrayBuffer; consumed: number }
}

interface BoundRecordFramer {
  frame(
    window: Uint8Array,
    records: Uint32Array,
  ): { spans: ArrayBuffer; faults: ArrayBuffer; states: ArrayBuffer }
}

interface BoundMissing {
  readonly ops: ArrayBuffer
  readonly arena: ArrayBuffer
}

interface BoundPart extends BoundMissing {
  readonly part: bigint
  readonly more: boolean
  readonly rows: number
  readonly columns: ArrayBuffer
  readonly texts: ArrayBuffer
}

type BoundSettled = BoundMissing | BoundPart

/** The native side, loaded. */
export interface Addon {
  engine(options: EngineOptions): NativeEngine
  framer(options: EngineOptions): Framer
  /** `keyed`: a record's key has to be the AID of every message in it that has one. */
  recordFramer(options: EngineOptions, keyed: boolean): RecordFramer
  digest(): StateDigest
  /** The key state record of an AID as JSON, from its `aids` record; nothing if there is no state in it. */
  keyState(aid: string, value: Uint8Array, dated: boolean): string | null
  /** A record as JSON; nothing if its table's values say nothing by themselves. */
  record(table: number, key: Uint8Array, value: Uint8Array): string | null
  /** A `log` record with its `late` records as the reference replays it. */
  replay(log: Uint8Array, late: readonly Uint8Array[]): Uint8Array
  /** Ordinals of the events in a `kel` record, superseded ones first. */
  ordinals(kel: Uint8Array): BigUint64Array
  /** Bounds the arenas of the system's allocator, so that threads use again what others freed; false where it has none. */
  boundArenas(most: number): boolean
  /** A `waiting` record as a message: an event with what is attached so far, or a receipt. */
  waitingMessage(key: Uint8Array, value: Uint8Array): Uint8Array
  /** What a `waiting` record lacks, as a JSON list; `record` is the `aids` record of its AID. */
  missing(key: Uint8Array, value: Uint8Array, record: Uint8Array | undefined): string
  /** A stream as annotated text: a line for each primitive, with what it is. */
  annotated(stream: Uint8Array): string
  /** The key state record that held when the event in `log` was the last one, as JSON. */
  keyStateAt(log: Uint8Array, est: Uint8Array, inception: Uint8Array): string
  /** How far a `waiting` record that is evidence is signed, as JSON; `before` governs the place before it. */
  evidence(value: Uint8Array, before: Uint8Array | undefined): string
  /**
   * An `aids` record with other counts of what waits (entries by kind, rows, receipts elsewhere that await an event of the
   * AID); empty if nothing need be stored.
   */
  aidCounted(value: Uint8Array | undefined, counts: Uint32Array): Uint8Array
  /** Counts of what belongs to no engine (framing, reading records), over all threads of the process. */
  metrics(): readonly OperationMetrics[]
  resetMetrics(): void
}

export const addonPath = (): string => join(packageRoot(), 'native', 'addon', 'kelpipe.node')

/** Loads the addon; it throws what Node says if it is not built or not for this machine. */
export function loadAddon(): Addon {
  const binding = createRequire(import.meta.url)(addonPath()) as Binding
  return {
    engine: (options) => boundEngine(new binding.Engine(options), (buffers) => binding.free(buffers)),
    framer: (options) => boundFramer(new binding.Framer(options)),
    recordFramer: (options, keyed) => boundRecordFramer(new binding.RecordFramer(options, keyed)),
    digest: () => new binding.StateDigest(),
    keyState: (aid, value, dated) => binding.keyState(aid, value, dated),
    record: (table, key, value) => binding.record(table, key, value),
    replay: (log, late) => new Uint8Array(binding.replay(log, late)),
    ordinals: (kel) => new BigUint64Array(binding.ordinals(kel)),
    boundArenas: (most) => binding.boundArenas(most),
    waitingMessage: (key, value) => new Uint8Array(binding.waitingMessage(key, value)),
    missing: (key, value, record) => binding.missing(key, value, record ?? null),
    annotated: (stream) => binding.annotated(stream),
    keyStateAt: (log, est, inception) => binding.keyStateAt(log, est, inception),
    aidCounted: (value, counts) => new Uint8Array(binding.aidCounted(value ?? null, counts)),
    evidence: (value, before) => binding.evidence(value, before ?? null),
    metrics: () => binding.metrics(),
    resetMetrics: () => binding.resetMetrics(),
  }
}

const boundEngine = (engine: BoundEngine, free: Binding['free']): NativeEngine => ({
  open: (ordinal) => engine.open(ordinal),
  prepare: async (source, spans, { source: origin, copy }) =>
    engine.prepare(source, spans, origin, copy ?? false),
  prepareWaiting: async (op, keys, kind) => engine.prepareWaiting(op, keys, kind),
  settle: async (prepared, fetched, nowMicros) =>
    settledOf(await engine.settle(prepared, fetched, nowMicros), free),
  committed: (part) => engine.committed(part),
  countWaiting: (answer) => engine.countWaiting(answer),
  usage: () => JSON.parse(engine.usage()) as ReturnType<Engine['usage']>,
  waitingIndexes: (value) => engine.waitingIndexes(value),
  metrics: () => engine.metrics(),
  resetMetrics: () => engine.resetMetrics(),
  features: () => engine.features(),
  close: () => engine.close(),
})

function settledOf(settled: BoundSettled, free: Binding['free']): Settled {
  const ops = new Uint32Array(settled.ops)
  const arena = new Uint8Array(settled.arena)
  if (!('part' in settled)) return { missing: { ops, arena } }
  const { part, more, rows, columns, texts } = settled
  const verdicts = new Verdicts({
    rows,
    columns,
    texts: new Uint8Array(texts),
    writes: { ops, arena },
    free: () => free([columns, texts, settled.ops, settled.arena]),
  })
  return { part, more, verdicts }
}

function boundFramer(framer: BoundFramer): Framer {
  return {
    frame: (window, end): Framed => {
      const { spans, faults, consumed } = framer.frame(window, end)
      return { spans: new Uint32Array(spans), faults: faultsOf(new BigUint64Array(faults)), consumed }
    },
  }
}

const boundRecordFramer = (framer: BoundRecordFramer): RecordFramer => ({
  frame: (window, records) => {
    const { spans, faults, states } = framer.frame(window, records)
    return {
      spans: new Uint32Array(spans),
      faults: faultsOf(new BigUint64Array(faults)),
      states: new Uint8Array(states),
    }
  },
})

function faultsOf(words: BigUint64Array): FrameFault[] {
  return Array.from({ length: words.length / faultWords }, (_, index): FrameFault => {
    const [offset = 0n, bytes = 0n, kind = 0n, at = 0n, before = 0n] = words.subarray(index * faultWords)
    const { code, text } = faultCodes[Number(kind)] ?? { code: `cesr/${kind}`, text: 'unknown' }
    return { code, offset, bytes, message: `${text}, at byte ${at}`, beforeFrame: Number(before) }
  })
}
