// What metrics cost: node metrics.mjs STREAM FOLDER ingests a stream, watched, and prints events, seconds, and the seconds
// of these that went into metrics: all that is counted and timed meanwhile, and a scrape every 15 seconds.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { loadAddon } from '../dist/native/addon.js'
import { Tally } from '../dist/operators/meter.js'
import { engineOptions, standardRules } from '../dist/pipeline/commands/options.js'
import { limits } from '../dist/pipeline/limits.js'
import { Metrics } from '../dist/pipeline/metrics.js'
import { Pace } from '../dist/pipeline/pace.js'
import { run } from '../dist/pipeline/run.js'
import { sourcesOf } from '../dist/pipeline/sources/index.js'
import { openStore } from '../dist/pipeline/store/lmdb.js'
import { VerdictCounts } from '../dist/pipeline/telemetry/counts.js'
import { watched } from '../dist/pipeline/telemetry/watched.js'

const [stream, folder] = process.argv.slice(2)
const scrapes = 20
const scrapeEverySeconds = 15
const secondsSince = (begin) => (performance.now() - begin) / 1000

/** Adds up the time in a method; the reading of the clock counts, too. */
let spent = 0
function timed(prototype, name) {
  const method = prototype[name]
  prototype[name] = function (...args) {
    const begin = performance.now()
    try {
      return method.apply(this, args)
    } finally {
      spent += secondsSince(begin)
    }
  }
}
timed(Metrics.prototype, 'observe')
timed(VerdictCounts.prototype, 'write')

const directory = join(folder, 'watched')
rmSync(directory, { recursive: true, force: true })
const rules = engineOptions(standardRules)
const addon = loadAddon()
const engine = addon.engine(rules)
engine.open(null)
const pace = new Pace(limits)
const store = await openStore(directory, { timed: (step) => pace.timed(step), group: true })
const tally = new Tally()
const seen = watched(
  {
    sources: sourcesOf(stream),
    store,
    engine,
    tally,
    pace,
    limits,
    sinks: [],
    commit: 'group',
    framer: () => addon.framer(rules),
    signal: new AbortController().signal,
    note: () => {},
  },
  { addon, engine, directory, stats: () => store.stats() },
)
const start = performance.now()
await run(seen.run)
const seconds = secondsSince(start)
const begin = performance.now()
for (let scrape = 0; scrape < scrapes; scrape += 1) await seen.metrics.page()
const scrapeSeconds = secondsSince(begin) / scrapes
seen.end()
await store.close()
const metricsSeconds = spent + (scrapeSeconds * seconds) / scrapeEverySeconds
console.log(JSON.stringify({ events: tally.messages, seconds, metricsSeconds, scrapeSeconds }))
