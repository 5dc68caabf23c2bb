// npm run bench:scale [-- --events N] [--save] [--json FILE]: does the cost of an event grow with what is stored?
//
// Streams come from `kelpipe gen`; every figure is of a durable ingest in a process of its own, beside 20,000 events of
// whole logs in the same run:
// - whole logs and interleaved ones, and one AID with a long log, up to N events (2,000,000);
// - curves over the number of AIDs, the length of a log, the size of a chunk and of a transaction;
// - anonymous memory against 300 MB, and whether it grows after half of the time;
// - on the full database: starting again, taking in more, one key state, all key states, an export of everything.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { kelpipe, made } from './child.mjs'
import { best, folder, print, rate, root, row } from './lib.mjs'
import { compare, keep } from './results.mjs'

const at = process.argv.indexOf('--events')
const events = at > 0 ? Number(process.argv[at + 1]) : 2_000_000
const eventsPerAid = 20
const fewEvents = 20_000
const curveEvents = events / 10
const memoryMaxMb = 300
const restartMaxSeconds = 2
/** Of the rate at 20,000 events, at any size. */
const rateKept = 0.6
const KiB = 1024

const store = join(folder, 'db')
const rows = []
const say = (count) => Math.round(count).toLocaleString('en-US')

/** A stream of so many AIDs with so many events each; `interleave`: AIDs whose events take turns. */
const stream = (name, count, perAid, interleave = 1, seed = 1) =>
  made(
    join(folder, `${name}.cesr`),
    ...Object.entries({ aids: count, events: perAid, interleave, seed }).flatMap(([key, value]) => [
      `--${key}`,
      `${Math.ceil(value)}`,
    ]),
  )

function note(...columns) {
  rows.push(row(...columns))
  print(rows.slice(-1))
}

/** Takes a stream into an empty database; the best of some runs. */
async function ingested(path, runs = 1) {
  let most
  for (let run = 0; run < runs; run += 1) {
    rmSync(store, { recursive: true, force: true })
    const ended = await kelpipe('ingest', path, '--store', store, '--json', '--quiet')
    const { accepted, seconds } = JSON.parse(ended.last)
    if (ended.status !== 0) throw new Error(`ingest ended with ${ended.status}`)
    if (!most || accepted / seconds > most.rate) most = { ...ended, rate: accepted / seconds }
  }
  return most
}

/**
 * Rate and memory of an ingest; of a long one also whether memory goes on growing when caches are full. Interleaved logs
 * touch a page of the database for each event, so only of whole ones a rate is wanted.
 */
async function measured(title, path, { long = false, wanted } = {}) {
  const { rate: ours, peakMb, halfMb } = await ingested(path)
  note(`${title}: rate against ${say(fewEvents)}`, 'events/s', ours, few.rate, wanted)
  note(`${title}: anonymous memory against ${memoryMaxMb} MB`, 'MB', peakMb, memoryMaxMb, 1)
  if (long) note(`${title}: memory at most, against its first half`, 'MB', peakMb, halfMb, 1.2)
}

const few = await ingested(await stream('few', fewEvents / eventsPerAid, eventsPerAid), 3)
note(`whole logs, ${say(fewEvents)} events`, 'events/s', few.rate, few.rate)
await sizes()
await aids()
await lengths()
await chunksAndTransactions()

/** How many events there are. */
async function sizes() {
  for (const size of [events / 10, events])
    for (const order of ['whole logs', 'interleaved']) {
      const count = size / eventsPerAid
      const path = await stream('sized', count, eventsPerAid, order === 'whole logs' ? 1 : count)
      const title = `${order}, ${say(size)} events of ${say(count)} AIDs`
      await measured(title, path, {
        long: size === events,
        ...(order === 'whole logs' && { wanted: rateKept }),
      })
      if (size === events) await onFullDatabase(title, path)
      rmSync(path)
    }
}

/** How many AIDs the same number of events is of, all interleaved. */
async function aids() {
  for (const count of [1, 100, 1_000, 100_000].filter((each) => each <= curveEvents)) {
    const path = await stream('aids', count, curveEvents / count, count)
    await measured(`${say(count)} AIDs, interleaved, ${say(curveEvents)} events`, path)
  }
}

/** How long one log is. */
async function lengths() {
  for (const length of [curveEvents / 10, curveEvents])
    await measured(`one AID, ${say(length)} events`, await stream('long', 1, length), { wanted: rateKept })
}

/** How much is read at a time, and how much goes into a transaction. */
async function chunksAndTransactions() {
  const path = await stream('curve', curveEvents / 2 / eventsPerAid, eventsPerAid)
  const pipeline = (limits, from = path) =>
    best(1, process.execPath, [
      join(root, 'bench', 'pipeline.mjs'),
      'ingest',
      from,
      folder,
      JSON.stringify(limits),
    ])
  const tried = (title, measurement) => {
    note(`${title}: rate against ${say(fewEvents)}`, 'events/s', rate(measurement), few.rate)
    note(`${title}: anonymous memory against ${memoryMaxMb} MB`, 'MB', measurement.rssAnonMb, memoryMaxMb, 1)
  }
  for (const kib of [4, 64, 512, 2048])
    tried(`chunks of ${kib} KiB`, pipeline({ batchBytesMin: kib * KiB, batchBytesMax: kib * KiB }))
  for (const groupWrites of [100, 1_000, 8_000, 50_000])
    tried(`transactions of ${say(groupWrites)} writes`, pipeline({ groupWrites }))
  const some = await stream('some', 2_000 / eventsPerAid, eventsPerAid)
  tried('a transaction a message', pipeline({ commit: 'each' }, some))
}

/** Starting again, going on, looking up, exporting. */
async function onFullDatabase(title, path) {
  const ingest = (from) => kelpipe('ingest', from, '--store', store, '--json', '--quiet')
  const again = await ingest(path)
  note(`${title}: start again and find nothing new`, 's', again.seconds, restartMaxSeconds, 1)
  const more = await ingest(await stream('more', 50, eventsPerAid, 50, 2))
  note(`${title}: start again and take in 1,000 events more`, 's', more.seconds, restartMaxSeconds, 1)
  const all = await kelpipe('state', '--store', store, '--json')
  note(`${title}: memory of a list of all key states`, 'MB', all.peakMb, memoryMaxMb, 1)
  const { i: aid } = JSON.parse(all.last)
  const lookup = await kelpipe('state', aid, '--store', store, '--json')
  note(`${title}: one key state, the process included`, 's', lookup.seconds, restartMaxSeconds, 1)
  const exported = await kelpipe('export', '--store', store, '--out', '/dev/null')
  if (exported.status !== 0) throw new Error(`export ended with ${exported.status}`)
  note(`${title}: memory of an export`, 'MB', exported.peakMb, memoryMaxMb, 1)
  note(
    `${title}: rate of an export against the ingest of ${say(fewEvents)}`,
    'events/s',
    events / exported.seconds,
    few.rate,
  )
}

compare('scale', rows)
keep('scale', rows, { events })
