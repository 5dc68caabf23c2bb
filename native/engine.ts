import type { VerdictBatch } from './batch.ts'
import type { Requests } from './records.ts'

/** Words of one span: body start, body end, attachments end (offsets into the window), flags. */
export const spanWords = 4

/** Bytes that could not be framed. They are skipped, counted and reported; the stream goes on behind them. */
export interface FrameFault {
  /** Stable, `cesr/…` (docs/errors.md). */
  readonly code: string
  /** Where the skipped bytes start, counted from the framer's first byte. */
  readonly offset: bigint
  readonly bytes: bigint
  readonly message: string
  /** The fault stands before this span of the same answer. */
  readonly beforeFrame: number
}

export interface Framed {
  readonly spans: Uint32Array
  readonly faults: readonly FrameFault[]
  /** Bytes of the window that are done with; the next window starts behind them. */
  readonly consumed: number
}

/** Cuts whole messages out of a stream. A window starts at the first byte that the last answer did not consume. */
export interface Framer {
  /** `end` says that no more bytes come, so that what is there is judged as it stands. */
  frame(window: Uint8Array, end: boolean): Framed
}

/** Words of a record in its window: start and end of its key, start and end of its value. */
export const recordWords = 4

/** What is wrong with a record as a whole, by number. */
export const recordStates = ['good', 'empty', 'keyed'] as const

/** Records of a log, each cut alone: their messages are whole. */
export interface FramedRecords {
  readonly spans: Uint32Array
  /** Offsets count from the start of the window. */
  readonly faults: readonly FrameFault[]
  /** Of each record a place in `recordStates`; one that is not good has no span and no fault. */
  readonly states: Uint8Array
}

export interface RecordFramer {
  /** `records`: `recordWords` words a record, in order. */
  frame(window: Uint8Array, records: Uint32Array): FramedRecords
}

/** A batch whose bodies and attachments have been parsed and checked against themselves. */
export interface Prepared {
  readonly rows: number
}

/** A settled part of a batch. */
export interface SettledPart {
  readonly part: bigint
  /** Whether the batch has further parts: persist this one, then settle again. */
  readonly more: boolean
  readonly verdicts: VerdictBatch
}

export type Settled = { readonly missing: Requests } | SettledPart

/** What is done with entries that wait: tried again, given up, removed by hand or for room, or woken after a cut-off. */
export type WaitingOp = 'retry' | 'expire' | 'remove' | 'evict' | 'wake'

/** What the engine is told of a batch's bytes. */
export interface PrepareContext {
  /** The number of the origin they came from. */
  readonly source: number
  /**
   * Whether the bytes are copied. If not, the buffer belongs to the batch until that is settled to its end: nobody may
   * write to it, transfer or detach it. For callers who cannot promise that.
   */
  readonly copy?: boolean
}

/** What waits, and what of it has to go: of each source that has more than its fair share, so much of a kind. */
export interface Usage {
  readonly entries: number
  readonly bytes: number
  readonly excess: readonly {
    readonly source: number
    readonly kind: string
    readonly entries: number
    readonly bytes: number
  }[]
}

/** The rules as the operators see them. Every call but `committed` works off the event loop. */
export interface Engine {
  /**
   * Parses messages, checks SAIDs, and checks signatures ahead where their keys can be foreseen: batches come in the order
   * in which they will be settled.
   */
  prepare(source: Uint8Array, spans: Uint32Array, context: PrepareContext): Promise<Prepared>
  /** `kind`: a retry looks at the entries only as this kind of escrow. */
  prepareWaiting(op: WaitingOp, keys: readonly Uint8Array[], kind?: string): Promise<Prepared>
  /**
   * Folds a prepared batch; called strictly in the order of the batches. `fetched` answers the last `missing` and is
   * nothing on a first call or after a part.
   */
  settle(prepared: Prepared, fetched: Uint8Array | null, nowMicros: bigint): Promise<Settled>
  /** What waits, and what of it has to go because it is too much. */
  usage(): Usage
  /** Says that a part is on disk, so that its records may leave the engine's memory. */
  committed(part: bigint): void
}

/** How an engine judges; fixed for its lifetime. */
export interface EngineOptions {
  readonly mode: 'hardened' | 'keripy'
  /** HARDEN rules that are switched off or on against the mode, by number. */
  readonly rulesOff: readonly number[]
  readonly rulesOn: readonly number[]
  /** AIDs that are local. */
  readonly own: readonly string[]
  readonly lax: boolean
  /** The sources are trusted as local ones. */
  readonly local: boolean
  /** Take first-seen numbers and dates from replayed messages. */
  readonly cloned: boolean
  /** Counter tables of a stream that does not name any: of CESR 1 or 2; 0 or left out, they are told from its bodies. */
  readonly genus?: number
  /** A code in no table costs the group that holds it, and not the message. */
  readonly skipUnknown?: boolean
  /** Woken entries wait for a retry instead of being tried at once. */
  readonly holdWakes: boolean
  readonly cacheBytes: number
  /** What tables of keys that sign often may take, by which their signatures are checked faster; 0: none are made. */
  readonly tableCacheBytes?: number
  /** Threads that check signatures; 0 is one a core. */
  readonly threads: number
  readonly limits?: RuleLimits
}

/** Caps and timeouts of the rules; what is left out has its default. */
export interface RuleLimits {
  /** Nesting of lists and maps in a body. */
  readonly depthMax?: number
  /** Timeout of out-of-order and delegable entries. */
  readonly outOfOrderSeconds?: number
  /** Timeout of all other events, and of receipts, that have one. */
  readonly partialSeconds?: number
  /** Timeout of queries that cannot be answered yet. */
  readonly querySeconds?: number
  readonly waitingPerAidMax?: number
  readonly waitingPerPlaceMax?: number
  /** What may wait in all, and of one source. */
  readonly waitingEntriesMax?: number
  readonly waitingBytesMax?: number
  readonly waitingPerSourceEntriesMax?: number
  readonly waitingPerSourceBytesMax?: number
  /** Caps and timeout of single kinds, by name. */
  readonly kinds?: Readonly<Record<string, KindLimits>>
  /** Signatures of one kind that a message may carry, per key it could be for. */
  readonly signaturesPerKeyMax?: number
  readonly delegationDepthMax?: number
  /** Retries of woken entries in one part, before it is cut. */
  readonly wakesPerPartMax?: number
}

/** What may wait of one kind, and for how long; what is left out has its default. */
export interface KindLimits {
  readonly entriesMax?: number
  readonly bytesMax?: number
  readonly timeoutSeconds?: number
}
