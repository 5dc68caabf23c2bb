// A stream through the addon's own calls, one batch after the other: node boundary.mjs STREAM THREADS
// Prints events, seconds without the signature checks, and the seconds that these took on so many threads (0: all). As
// in the core's own bench the stream goes several times into an empty engine, and of each batch the fastest counts.
import { readFileSync } from 'node:fs'
import { loadAddon } from '../dist/native/addon.js'
import { spanWords } from '../dist/native/engine.js'
import { engineOptions, standardRules } from '../dist/pipeline/commands/options.js'
import { limits } from '../dist/pipeline/limits.js'
import { MemoryStore } from '../dist/pipeline/store/memory.js'

const runs = 25
const [path, threads] = process.argv.slice(2)
const options = { ...engineOptions(standardRules), threads: Number(threads) }
const bytes = new Uint8Array(readFileSync(path))
const addon = loadAddon()
const store = new MemoryStore(limits.memoryStoreBytes)

/** Seconds of each batch, but for the signature checks, and of these; the first is that of the framing. */
async function run() {
  const engine = addon.engine(options)
  engine.open(null)
  const checked = () => engine.metrics().crypto.nanoseconds / 1e9
  const took = async (work) => {
    const before = checked()
    const start = performance.now()
    const result = await work()
    const seconds = (performance.now() - start) / 1000
    const crypto = checked() - before
    return { result, seconds: seconds - crypto, crypto }
  }
  const framed = await took(() => addon.framer(options).frame(bytes, true))
  const { spans } = framed.result
  // As large as those of the pipeline.
  const batchMessages = Math.ceil((limits.batchBytesMax / bytes.length) * (spans.length / spanWords))
  const stages = [framed]
  for (let at = 0; at < spans.length; at += batchMessages * spanWords)
    stages.push(await took(async () => whole(engine, spans.slice(at, at + batchMessages * spanWords))))
  return { events: spans.length / spanWords, stages }
}

async function whole(engine, spans) {
  const prepared = await engine.prepare(bytes, spans, { source: 1, copy: false })
  await settle(engine, prepared)
}

/** Settles a batch against an empty store: what it asks for is not there, and what it writes is not kept. */
async function settle(engine, prepared) {
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

const { events, stages: best } = await run()
for (let count = 1; count < runs; count += 1) {
  const { stages } = await run()
  for (const [at, stage] of stages.entries()) if (stage.seconds < best[at].seconds) best[at] = stage
}
const sum = (of) => best.reduce((total, stage) => total + of(stage), 0)
console.log(
  JSON.stringify({ events, seconds: sum(({ seconds }) => seconds), crypto: sum(({ crypto }) => crypto) }),
)
