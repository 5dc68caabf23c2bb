import { Observable, type OperatorFunction } from 'rxjs'

import { spanWords, type FrameFault, type Framed, type Framer } from '../native/engine.ts'
import type { Chunk, Frames, Origin } from './flow.ts'
import { Tail } from './tail.ts'

export interface FrameOptions {
  /** Makes a framer for a new origin. */
  framer(): Framer
  /** Unfinished bytes that an origin may hold. */
  readonly pendingBytesMax: number
  /** A flush looks at no longer tail than this: it has to walk over it once more. */
  readonly flushBytesMax: number
  /** Told of the bytes that had to be copied to join a tail with what follows it. */
  copied?(bytes: number): void
}

/** What is kept of an origin between its chunks. */
interface OriginState {
  framer: Framer
  readonly tail: Tail
  /** The position of the tail's first byte in the stream. */
  at: number
  /** The position of the framer's first byte in the stream. */
  framerAt: number
}

/** The bytes that a framer looks at, and who owns them. */
interface Window {
  readonly bytes: Uint8Array
  readonly owner: 'chunk' | 'tail'
}

/**
 * Cuts whole messages out of the chunks of each origin and keeps the unfinished tail. Bytes that cannot be framed
 * become faults, which travel with the messages. A chunk that completes nothing is acknowledged at once: its bytes
 * are in the tail, and the stored position is before them.
 */
export const frame =
  (options: FrameOptions): OperatorFunction<Chunk, Frames> =>
  (chunks) =>
    new Observable((subscriber) => {
      const states = new Map<Origin, OriginState>()
      return chunks.subscribe({
        next: (chunk) => {
          const state = states.get(chunk.origin) ?? newState(chunk, options)
          states.set(chunk.origin, state)
          if (chunk.end === 'end') states.delete(chunk.origin)
          const frames = framesOf(chunk, state, options)
          if (frames) subscriber.next(frames)
          else chunk.ack()
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      })
    })

const newState = (chunk: Chunk, options: FrameOptions): OriginState => ({
  framer: options.framer(),
  tail: new Tail(),
  at: chunk.at,
  framerAt: chunk.at,
})

function framesOf(chunk: Chunk, state: OriginState, options: FrameOptions): Frames | undefined {
  const window = joined(chunk, state.tail, options)
  const framed =
    chunk.end === 'flush'
      ? flush(window.bytes, state, options)
      : cut(window.bytes, chunk.end === 'end', state)
  const at = state.at
  const source = detach(window, framed.consumed, state.tail, options)
  state.at += framed.consumed
  const overflow = dropOverflow(state, options, framed)
  const faults = overflow ? [...framed.faults, overflow] : framed.faults
  chunk.framed?.(state.tail.length, framed.consumed > 0)
  if (framed.spans.length === 0 && faults.length === 0 && chunk.end !== 'end') return undefined
  const { origin } = chunk
  return {
    kind: 'frames',
    origin,
    source,
    spans: framed.spans,
    faults,
    at,
    position: state.at,
    resume: chunk.end === 'end' ? beforeCutOff(faults, state.at) : state.at,
    ack: () => chunk.ack(),
  }
}

/** The position before a message that the end has cut off: the rest of it may come when the file has grown. */
function beforeCutOff(faults: readonly FrameFault[], end: number): number {
  const last = faults.at(-1)
  const cutOff = last?.code === 'cesr/truncated' && Number(last.offset + last.bytes) === end
  return cutOff ? Number(last.offset) : end
}

/** Cuts a window; the offsets of its faults are made to count from the start of the stream. */
function cut(window: Uint8Array, end: boolean, { framer, framerAt }: OriginState): Framed {
  const framed = framer.frame(window, end)
  const start = BigInt(framerAt)
  return { ...framed, faults: framed.faults.map((fault) => ({ ...fault, offset: fault.offset + start })) }
}

/** Takes the tail if it is whole messages and nothing else. If not, more of it is still to come, and it is left. */
function flush(window: Uint8Array, state: OriginState, options: FrameOptions): Framed {
  if (window.length <= options.flushBytesMax) {
    const framer = options.framer()
    const framed = framer.frame(window, true)
    if (framed.faults.length === 0 && framed.consumed === window.length) {
      state.framer = options.framer()
      state.framerAt = state.at + framed.consumed
      return framed
    }
  }
  return { spans: new Uint32Array(0), faults: [], consumed: 0 }
}

/**
 * The unfinished tail and the chunk as one window. A short tail is written in front of the chunk where that has the
 * room, otherwise the chunk is appended to the tail; both are linear in the bytes of the stream.
 */
function joined(chunk: Chunk, tail: Tail, options: FrameOptions): Window {
  const { bytes, headroom } = chunk
  if (tail.length === 0) return { bytes, owner: 'chunk' }
  if (tail.length > headroom || tail.length > bytes.length) {
    options.copied?.(bytes.length)
    tail.append(bytes)
    return { bytes: tail.view(), owner: 'tail' }
  }
  options.copied?.(tail.length)
  const window = new Uint8Array(bytes.buffer, bytes.byteOffset - tail.length, tail.length + bytes.length)
  window.set(tail.view())
  tail.clear()
  return { bytes: window, owner: 'chunk' }
}

/** The finished bytes of a window, which belong to the batch from now on; the rest becomes the tail. */
function detach(window: Window, consumed: number, tail: Tail, options: FrameOptions): Uint8Array {
  if (window.owner === 'tail') return consumed === 0 ? new Uint8Array(0) : tail.take(consumed)
  const rest = window.bytes.subarray(consumed)
  if (rest.length > 0) {
    options.copied?.(rest.length)
    tail.append(rest)
  }
  return window.bytes.subarray(0, consumed)
}

/** Gives up a tail that is longer than the limit; the framer starts anew behind it. */
function dropOverflow(state: OriginState, options: FrameOptions, framed: Framed): FrameFault | undefined {
  const bytes = state.tail.length
  if (bytes <= options.pendingBytesMax) return undefined
  const offset = BigInt(state.at)
  state.tail.clear()
  state.at += bytes
  state.framer = options.framer()
  state.framerAt = state.at
  const message = `${bytes} bytes without a complete message, ${options.pendingBytesMax} are allowed`
  return {
    code: 'cesr/pending-limit',
    offset,
    bytes: BigInt(bytes),
    message,
    beforeFrame: framed.spans.length / spanWords,
  }
}
