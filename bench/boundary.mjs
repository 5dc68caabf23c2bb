// A stream through the addon's own calls, one batch after the other: node boundary.mjs STREAM THREADS
// Prints events, seconds without the signature checks, and the seconds that these took on so many threads (0: all).
import { readFileSync } from 'node:fs'
import { loadAddon } from '../dist/native/addon.js'
import { spanWords } from '../dist/native/engine.js'
import { engineOptions, standardRules } from '../dist/pipeline/commands/options.js'
import { limits } from '../dist/pipeline/limits.js'
import { MemoryStore } from '../dist/pipeline/store/memory.js'

const batchMessages = 2_000
const [path, threads] = process.argv.slice(2)
const options = { ...engineOptions(standardRules), threads: Number(threads) }
const bytes = new Uint8Array(readFileSync(path))
const addon = loadAddon()
const engine = addon.engine(options)
engine.open(null)
const store = new MemoryStore(limits.memoryStoreBytes)

const start = performance.now()
const { spans } = addon.framer(options).frame(bytes, true)
for (let at = 0; at < spans.length; at += batchMessages * spanWords) {
  const some = spans.slice(at, at + batchMessages * spanWords)
  const prepared = await engine.prepare(bytes, some, { source: 1, copy: false })
  await settle(prepared)
}
const seconds = (performance.now() - start) / 1000
const crypto = engine.metrics().crypto.nanoseconds / 1e9
console.log(JSON.stringify({ events: spans.length / spanWords, seconds: seconds - crypto, crypto }))

/** Settles a batch against an empty store: what it asks for is not there, and what it writes is not kept. */
async function settle(prepared) {
  let fetched = null
  for (;;) {
    const settled = await engine.settle(prepared, fetched, 0n)
    if ('missing' in settled) fetched = store.fetch(settled.missing)
    else {
      engine.committed(settled.part)
      if (!settled.more) return
      fetched = null
    }
  }
}
