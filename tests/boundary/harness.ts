import { createRequire } from 'node:module'

import { addonPath, loadAddon, type Addon, type NativeEngine } from '../../native/addon.ts'
import type { EngineOptions, Prepared, SettledPart } from '../../native/engine.ts'
import { MemoryStore } from '../../pipeline/store/memory.ts'

// Panics on demand have to be allowed before the addon is loaded.
process.env['KELPIPE_TEST_PANICS'] = '1'

export const options: EngineOptions = {
  mode: 'hardened',
  rulesOff: [],
  rulesOn: [],
  own: [],
  lax: false,
  local: false,
  cloned: false,
  holdWakes: false,
  cacheBytes: 1 << 20,
  threads: 1,
}

export const addon: Addon = loadAddon()

/** The exports as they are, without the types and the conversions of native/addon.ts. */
export const binding = createRequire(import.meta.url)(addonPath()) as Binding

type Call = (...values: readonly unknown[]) => unknown

export interface Binding {
  readonly Engine: new (...values: readonly unknown[]) => Record<string, Call>
  readonly RecordFramer: new (...values: readonly unknown[]) => Record<string, Call>
  readonly Framer: new (...values: readonly unknown[]) => Record<string, Call>
  readonly Tool: new (...values: readonly unknown[]) => Record<string, Call>
  readonly StateDigest: new (...values: readonly unknown[]) => Record<string, Call>
  readonly Prepared: new (...values: readonly unknown[]) => unknown
  readonly boundArenas: Call
  readonly free: Call
  readonly keyState: Call
  readonly record: Call
  readonly replay: Call
  readonly ordinals: Call
  readonly waitingMessage: Call
  readonly missing: Call
  readonly annotated: Call
  readonly keyStateAt: Call
  readonly evidence: Call
  readonly aidCounted: Call
  readonly crc32c: Call
  readonly decompress: Call
  readonly metrics: Call
  readonly resetMetrics: Call
  readonly panicNext: Call
}

/** The spans of a stream's messages. */
export const spansOf = (source: Uint8Array): Uint32Array => addon.framer(options).frame(source, true).spans

/** The time of all tests, in microseconds. */
export const now = 1_700_000_000_000_000n

/** Settles a batch to its end against a store, and puts on disk what it writes. */
export async function settleAll(
  engine: NativeEngine,
  prepared: Prepared,
  store: MemoryStore = new MemoryStore(),
): Promise<SettledPart[]> {
  const parts: SettledPart[] = []
  let fetched: Uint8Array | null = null
  for (;;) {
    const settled = await engine.settle(prepared, fetched, now)
    if ('missing' in settled) {
      fetched = store.fetch(settled.missing)
      continue
    }
    fetched = null
    parts.push(settled)
    await store.commit(settled.verdicts.writes, new Map())
    engine.committed(settled.part)
    if (!settled.more) return parts
  }
}

/** The code of what a call throws or its promise rejects with; undefined if it does neither. */
export async function codeOf(call: () => unknown): Promise<string | undefined> {
  try {
    await call()
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : `no code: ${String(error)}`
  }
}

/** Takes a buffer away from an array, as a transfer to another thread does. */
export function detach({ buffer }: Uint8Array | Uint32Array): void {
  if (buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] })
}

/** A buffer that can change its size, which the library of ES2023 does not know of. */
export const resizable = (bytes: number, bytesMax: number): ArrayBuffer =>
  Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: bytesMax }]) as ArrayBuffer
