import { createRequire } from 'node:module'

import { addonPath } from './addon.ts'
import type { EngineOptions } from './engine.ts'

/** What can be done with a stream besides having it judged. */
export type ToolName =
  | 'annotate'
  | 'annotate-json'
  /** The same without the values that stand in the stream, for those who have it. */
  | 'annotate-map'
  | 'deannotate'
  | 'split-aid'
  | 'split-message'
  | 'to-binary'
  | 'to-text'

/** How a tool reads its stream; a part of how an engine does. */
export type ToolOptions = Pick<EngineOptions, 'mode' | 'genus' | 'skipUnknown'>

/** What a window came to. */
export interface Made {
  /** Bytes that need not be given again. */
  readonly consumed: number
  readonly bytes: Uint8Array
  /** Of a split: the messages, in order. */
  readonly pieces: readonly Piece[]
  readonly messages: number
  /** Stretches of bytes that are no message. */
  readonly faults: number
  /** Why the stream cannot be gone on with. */
  readonly problem: string | undefined
}

/** A message of a split. */
export interface Piece {
  readonly bytes: Uint8Array
  /** Its AID: characters of Base64; none if it has none, or goes alone. */
  readonly aid: string | undefined
  /** Whether it begins the stream that it goes to. */
  readonly first: boolean
}

/** Goes over one stream, one window at a time, off the event loop. */
export interface Tool {
  /** `window` begins where the last one was consumed to; `end`: no more follows. */
  next(window: Uint8Array, end: boolean): Promise<Made>
}

interface BoundMade {
  readonly consumed: number
  readonly bytes: ArrayBuffer
  readonly pieces: ArrayBuffer
  readonly names: string
  readonly messages: number
  readonly faults: number
  readonly problem: string | null
}

interface Binding {
  Tool: new (
    name: string,
    options: ToolOptions,
  ) => { next(window: Uint8Array, end: boolean): Promise<BoundMade> }
}

/** A tool at the start of a stream. */
export function tool(name: ToolName, options: ToolOptions): Tool {
  const binding = createRequire(import.meta.url)(addonPath()) as Binding
  const bound = new binding.Tool(name, options)
  return {
    next: async (window, end) => {
      const { consumed, bytes, pieces, names, messages, faults, problem } = await bound.next(window, end)
      const whole = new Uint8Array(bytes)
      return {
        consumed,
        bytes: whole,
        pieces: piecesOf(whole, new Uint32Array(pieces), names.split('\n')),
        messages,
        faults,
        problem: problem ?? undefined,
      }
    },
  }
}

function piecesOf(bytes: Uint8Array, words: Uint32Array, names: readonly string[]): Piece[] {
  const pieces: Piece[] = []
  for (let [index, start] = [0, 0]; index < words.length / 2; index += 1) {
    const end = words[2 * index] ?? start
    pieces.push({
      bytes: bytes.subarray(start, end),
      aid: names[index] === '' ? undefined : names[index],
      first: words[2 * index + 1] === 1,
    })
    start = end
  }
  return pieces
}
