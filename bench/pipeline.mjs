// One run of the pipeline in a process of its own: node pipeline.mjs verify|ingest|raw STREAM FOLDER [LIMITS]
//   verify: memory store; ingest: LMDB, synced; raw: the writes of a verify, put into LMDB without the engine.
//   LIMITS: those of pipeline/limits.ts that are to be others, as JSON; commit: 'each' there for a transaction a message,
//   passes: how often the stream goes into an empty store.
// Prints events, the seconds of the fastest pass, the delay of the event loop and anonymous memory as JSON.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { loadAddon } from '../dist/native/addon.js'
import { Tally } from '../dist/operators/meter.js'
import { engineOptions, standardRules } from '../dist/pipeline/commands/options.js'
import { limits } from '../dist/pipeline/limits.js'
import { Pace } from '../dist/pipeline/pace.js'
import { run } from '../dist/pipeline/run.js'
import { sourcesOf } from '../dist/pipeline/sources/index.js'
import { openStore } from '../dist/pipeline/store/lmdb.js'
import { MemoryStore } from '../dist/pipeline/store/memory.js'

const [mode, stream, folder, given = '{}'] = process.argv.slice(2)
const { commit = 'group', passes = 1, ...others } = JSON.parse(given)
Object.assign(limits, others)
const rules = engineOptions(standardRules)
const addon = loadAddon()

async function pipeline(store, pace, sinks = []) {
  const tally = new Tally()
  const engine = addon.engine(rules)
  engine.open(null)
  const options = { store, engine, tally, pace, sinks, limits, commit, sources: sourcesOf(stream) }
  await run({
    ...options,
    framer: () => addon.framer(rules),
    signal: new AbortController().signal,
    note: () => {},
  })
  return tally
}

/** The writes of a whole run, kept as copies. */
async function recorded() {
  const parts = []
  const keep = {
    write: async ({ settled }) =>
      void (
        settled &&
        parts.push({ ops: settled.verdicts.writes.ops.slice(), arena: settled.verdicts.writes.arena.slice() })
      ),
  }
  const tally = await pipeline(new MemoryStore(2 ** 31), new Pace(limits), [keep])
  return { parts, tally }
}

async function rawCommits(parts) {
  const store = await openStore(join(folder, 'raw'))
  const inFlight = []
  for (const part of parts) {
    inFlight.push(store.commit(part, new Map()))
    if (inFlight.length >= limits.partsInFlight) await inFlight.shift()
  }
  await Promise.all(inFlight)
  return store
}

const before = mode === 'raw' ? await recorded() : undefined
const delay = monitorEventLoopDelay({ resolution: 1 })
let rssAnonKb = 0
const sample = setInterval(
  () =>
    (rssAnonKb = Math.max(
      rssAnonKb,
      Number(/RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0),
    )),
  20,
)
delay.enable()
const all = []
for (let count = 0; count < passes; count += 1) all.push(await pass())
delay.disable()
clearInterval(sample)
const [first] = all
console.log(
  JSON.stringify({
    events: first.tally.messages,
    accepted: first.tally.accepted,
    seconds: Math.min(...all.map(({ seconds }) => seconds)),
    loopP99Ms: delay.percentile(99) / 1e6,
    loopMaxMs: delay.max / 1e6,
    rssAnonMb: rssAnonKb / 1024,
  }),
)

/** The stream goes into an empty store once. */
async function pass() {
  for (const name of ['raw', 'db']) rmSync(join(folder, name), { recursive: true, force: true })
  const start = performance.now()
  let tally = before?.tally
  let store
  if (mode === 'raw') store = await rawCommits(before.parts)
  else {
    const pace = new Pace(limits)
    store =
      mode === 'ingest'
        ? await openStore(join(folder, 'db'), {
            timed: (step) => pace.timed(step),
            group: commit === 'group',
          })
        : new MemoryStore(limits.memoryStoreBytes, (step) => pace.timed(step))
    tally = await pipeline(store, pace)
  }
  const seconds = (performance.now() - start) / 1000
  await store.close()
  return { tally, seconds }
}
