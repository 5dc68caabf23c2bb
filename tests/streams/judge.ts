import { concatMap, from, lastValueFrom, of, toArray } from 'rxjs'

import type { Addon } from '../../native/addon.ts'
import type { EngineOptions } from '../../native/engine.ts'
import type { Chunk, Part } from '../../operators/flow.ts'
import { frame } from '../../operators/frame.ts'
import { persist } from '../../operators/persist.ts'
import { verify } from '../../operators/verify.ts'
import { limits } from '../../pipeline/limits.ts'
import { MemoryStore } from '../../pipeline/store/memory.ts'

/** What came out of a stream: a line for each verdict, one for each fault, and the highest accepted sn by AID. */
export interface Judged {
  readonly verdicts: readonly string[]
  readonly faults: readonly string[]
  readonly accepted: ReadonlyMap<string, bigint>
}

/** One engine, and a store in memory, for one stream that comes in the given pieces. */
export async function judge(
  addon: Addon,
  mode: 'hardened' | 'keripy',
  pieces: readonly Uint8Array[],
): Promise<Judged> {
  const options: EngineOptions = {
    mode,
    rulesOff: [],
    rulesOn: [],
    own: [],
    lax: true,
    local: false,
    cloned: false,
    holdWakes: false,
    cacheBytes: limits.engineCacheBytes,
    threads: 1,
  }
  const engine = addon.engine(options)
  engine.open(null)
  const store = new MemoryStore()
  const cut = from(chunksOf(pieces)).pipe(
    frame({
      framer: () => addon.framer(options),
      pendingBytesMax: limits.pendingBytesPerOrigin,
      flushBytesMax: limits.flushBytes,
    }),
    verify(engine, store, { partsInFlight: 1, now: () => 0n }),
    persist(engine, store, { records: () => [] }),
    concatMap((part) => of(linesOf(part))),
    toArray(),
  )
  const seen = (await lastValueFrom(cut, { defaultValue: [] })).flat()
  const accepted = new Map<string, bigint>()
  for (const { aid, sn, verdict } of seen)
    if (verdict === 'accepted' && sn >= (accepted.get(aid) ?? 0n)) accepted.set(aid, sn)
  const lines = (faults: boolean): string[] =>
    seen.filter(({ verdict }) => (verdict === 'fault') === faults).map(({ line }) => line)
  return { verdicts: lines(false), faults: lines(true), accepted }
}

const chunksOf = (pieces: readonly Uint8Array[]): Chunk[] => {
  const origin = { id: 1, name: 'stream' }
  let at = 0
  return pieces.map((piece, index) => {
    const chunk: Chunk = {
      origin,
      bytes: new Uint8Array(piece),
      headroom: 0,
      at,
      end: index === pieces.length - 1 ? 'end' : 'more',
      ack: () => undefined,
    }
    at += piece.length
    return chunk
  })
}

interface Line {
  readonly aid: string
  readonly sn: bigint
  readonly verdict: string
  readonly line: string
}

function linesOf(part: Part): Line[] {
  const { work, settled } = part
  const lines: Line[] = []
  const rows = settled
    ? Array.from({ length: settled.verdicts.length }, (_, at) => settled.verdicts.row(at))
    : []
  for (const { aid, said, sn, ilk, verdict, reason } of rows)
    lines.push({ aid, sn, verdict, line: [aid, sn, said, ilk, verdict, reason].join(' ') })
  if (work.kind === 'frames' && part.last)
    for (const { offset, bytes, code } of work.faults)
      lines.push({ aid: '', sn: 0n, verdict: 'fault', line: `fault ${offset} ${bytes} ${code}` })
  part.release()
  return lines
}
