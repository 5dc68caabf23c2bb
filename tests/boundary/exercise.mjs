// What worker threads and the leak test run: plain JavaScript on the bare addon, since neither goes through vitest.
import { createRequire } from 'node:module'

export const bind = (addonPath) => createRequire(import.meta.url)(addonPath)

export const options = { threads: 1, cacheBytes: 65_536 }
export const now = 1_700_000_000_000_000n

/** Settles a batch to its end against a store that holds nothing, and frees each part; the number of accepted messages. */
export async function settleAll(engine, prepared, free) {
  let accepted = 0
  let fetched = null
  for (;;) {
    const { ops, arena, part, more, rows, columns, texts } = await engine.settle(prepared, fetched, now)
    if (part === undefined) {
      fetched = new Uint8Array(4 * (ops.byteLength / 20))
      continue
    }
    fetched = null
    engine.committed(part)
    accepted += acceptedOf(rows, columns)
    free([ops, arena, columns, texts])
    if (!more) return accepted
  }
}

/** The column of verdicts ends two columns of bytes before the end. */
const acceptedOf = (rows, columns) =>
  new Uint8Array(columns, columns.byteLength - 3 * rows, rows).filter((verdict) => verdict === 0).length

/** One stream from bytes to verdicts, by an engine of its own. */
export async function verify(binding, source) {
  const { spans, consumed } = new binding.Framer(options).frame(source, true)
  if (consumed !== source.length) throw new Error(`consumed ${consumed} of ${source.length}`)
  const engine = new binding.Engine(options)
  engine.open(null)
  return settleAll(engine, await engine.prepare(source, new Uint32Array(spans), 1, false), binding.free)
}

/** Everything that can be begun and not brought to its end, and everything that is refused. */
export async function abandon(binding, source) {
  const engine = new binding.Engine(options)
  const words = new Uint32Array(new binding.Framer(options).frame(source, true).spans)
  await engine.prepare(source, words, 1, false)
  await engine.prepare(source, words, 1, true)
  const prepared = await engine.prepare(source, words, 1, false)
  await engine.settle(prepared, null, now)
  const refused = [
    () => engine.settle(prepared, null, now),
    () => engine.prepare(source, [], 1, false),
    () => engine.committed(9n),
    () => new binding.Framer(1),
  ]
  for (const call of refused) {
    let code
    try {
      await call()
    } catch (error) {
      code = error.code
    }
    if (!String(code).startsWith('native/')) throw new Error(`not refused: ${String(call)}`)
  }
  for (const name of ['annotate', 'deannotate', 'split-aid', 'to-binary']) {
    const tool = new binding.Tool(name, options)
    await tool.next(source.subarray(0, source.length >> 1), false)
    tool.next(source, true).catch(() => undefined)
  }
  const digest = new binding.StateDigest()
  digest.finish()
  binding.keyState('AID', source, true)
}
