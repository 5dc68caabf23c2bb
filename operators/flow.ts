import type { VerdictBatch } from '../native/batch.ts'
import type { FrameFault, WaitingOp } from '../native/engine.ts'

/** Where bytes come from: a file, a connection. Its bytes are one stream. */
export interface Origin {
  /** Told to the engine, so that limits per source can be kept. */
  readonly id: number
  /** For people: a path, a peer's address. */
  readonly name: string
  /** The record that remembers a position in this origin's stream, if it can be taken up again there. */
  checkpoint?(position: number): readonly [name: string, value: Uint8Array]
}

/**
 * What a source knows about the bytes behind a chunk: more may come (`more`), none will soon, so that a message that
 * is complete as it stands may be taken (`flush`), or none ever will (`end`).
 */
export type ChunkEnd = 'more' | 'flush' | 'end'

/** A piece of an origin's stream. */
export interface Chunk {
  readonly origin: Origin
  readonly bytes: Uint8Array
  /** Bytes in front of `bytes` in its buffer that may be overwritten, to join an unfinished tail without a copy. */
  readonly headroom: number
  /** The position of `bytes` in the origin's stream. */
  readonly at: number
  readonly end: ChunkEnd
  /** Called once framed: how many bytes the origin now holds unfinished, and whether any were completed. */
  framed?(pendingBytes: number, progressed: boolean): void
  /** Called once everything that the chunk completed is durable and published; its buffer is free then. */
  ack(): void
}

/** A batch of whole messages of one origin. */
export interface Frames {
  readonly kind: 'frames'
  readonly origin: Origin
  readonly source: Uint8Array
  readonly spans: Uint32Array
  /** Their offsets count from the start of the origin's stream. */
  readonly faults: readonly FrameFault[]
  /** The position of `source` in the origin's stream. */
  readonly at: number
  /** The position behind all that is done with. */
  readonly position: number
  /** Where to take up the stream again: there, but before a message that the end of the stream has cut off. */
  readonly resume: number
  /** When all of it was first heard of, in microseconds since 1970, if that was not just now. */
  readonly heardMicros?: bigint
  ack(): void
}

/** Entries that wait and are to be looked at again. */
export interface Waiting {
  readonly kind: 'waiting'
  readonly op: WaitingOp
  readonly keys: readonly Uint8Array[]
  /** A retry looks at the entries only as this kind of escrow. */
  readonly escrow?: string
  /** Records that go into the transaction of its last part. */
  readonly records?: ReadonlyMap<string, Uint8Array>
  /** Told of each part once it is on disk. */
  heard?(verdicts: VerdictBatch): void
  ack(): void
}

export type Work = Frames | Waiting

/** A part of a batch, settled. */
export interface Part {
  readonly work: Work
  /** Absent when the batch had no message in it, only faults or a position. */
  readonly settled: { readonly part: bigint; readonly verdicts: VerdictBatch } | undefined
  /** Whether this is the last part of its batch. */
  readonly last: boolean
  /** Called once the part is on disk. */
  release(): void
}
