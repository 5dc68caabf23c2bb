// npm run bench:scale [-- --events N] [--save] [--json FILE]: does the cost of an event grow with what is stored?
//
// Streams come from `kelpipe gen`; every figure is of the program itself, durable, in a process of its own:
// - whole logs and fully interleaved ones, and one AID with a long log, against 20,000 events of whole logs;
// - anonymous memory against 300 MB, and whether it grows after half of the time;
// - the time to start again on the full database, to look up a key state, and to export it in bounded memory.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { kelpipe, made } from './child.mjs'
import { folder, print, row } from './lib.mjs'
import { compare, keep } from './results.mjs'

const option = (name, standard) => {
  const at = process.argv.indexOf(name)
  return at > 0 ? Number(process.argv[at + 1]) : standard
}
const events = option('--events', 2_000_000)
const eventsPerAid = 20
const fewEvents = 20_000
const longEvents = Math.min(200_000, events / 10)
const memoryMaxMb = 300
const restartMaxSeconds = 2

const stream = (name, aids, perAid, interleave = 1) => {
  const options = { '--aids': aids, '--events': perAid, '--interleave': interleave }
  return made(
    join(folder, `${name}.cesr`),
    ...Object.entries(options).flatMap(([key, value]) => [key, `${value}`]),
  )
}
const store = join(folder, 'db')
const rows = []

/** Takes a stream into an empty database; the best of some runs. */
async function ingested(path, runs = 1) {
  let best
  for (let run = 0; run < runs; run += 1) {
    rmSync(store, { recursive: true, force: true })
    const ended = await kelpipe('ingest', path, '--store', store, '--json', '--quiet')
    const { accepted, seconds } = JSON.parse(ended.last)
    if (ended.status !== 0) throw new Error(`ingest ended with ${ended.status}`)
    if (!best || accepted / seconds > best.rate) best = { ...ended, rate: accepted / seconds }
  }
  return best
}

function noteMemory(name, { peakMb, halfMb }) {
  rows.push(row(`${name}: anonymous memory against ${memoryMaxMb} MB`, 'MB', peakMb, memoryMaxMb, 1))
  rows.push(row(`${name}: memory at most, against its first half`, 'MB', peakMb, halfMb, 1.2))
}

const few = await ingested(await stream('few', fewEvents / eventsPerAid, eventsPerAid), 3)
const say = (count) => count.toLocaleString('en-US')
const shapes = [
  ['whole logs', events / eventsPerAid, eventsPerAid, 1],
  ['interleaved', events / eventsPerAid, eventsPerAid, events / eventsPerAid],
  ['one AID', 1, longEvents, 1],
]
for (const size of [events / 10, events]) {
  const share = size / events
  for (const [name, aids, perAid, interleave] of shapes) {
    if (name === 'one AID' && share < 1) continue
    const path = await stream('scaled', Math.ceil(aids * share), perAid, Math.ceil(interleave * share))
    const full = await ingested(path)
    const title = `${name}, ${say(name === 'one AID' ? perAid : size)} events`
    rows.push(row(`${title}: rate against ${say(fewEvents)}`, 'events/s', full.rate, few.rate, 0.6))
    noteMemory(title, full)
    if (name !== 'one AID' && share === 1) await onFullDatabase(title, path)
    rmSync(path)
  }
}

/** Starting again, looking up, exporting. */
async function onFullDatabase(title, path) {
  const again = await kelpipe('ingest', path, '--store', store, '--json', '--quiet')
  rows.push(row(`${title}: start again and find nothing new`, 's', again.seconds, restartMaxSeconds, 1))
  // The first AID is the same whatever is made after it.
  const first = await kelpipe(
    'gen',
    '--aids',
    '1',
    '--events',
    '1',
    '--quiet',
    '--truth',
    '-',
    '--out',
    '/dev/null',
  )
  const aid = /"aid":"([^"]+)"/.exec(first.tail)?.[1] ?? ''
  const lookup = await kelpipe('state', aid, '--store', store, '--json')
  rows.push(row(`${title}: one key state, the process included`, 's', lookup.seconds, restartMaxSeconds, 1))
  const exported = await kelpipe('export', '--store', store, '--out', '/dev/null')
  rows.push(row(`${title}: memory of an export`, 'MB', exported.peakMb, memoryMaxMb, 1))
}

print(rows)
compare('scale', rows)
keep('scale', rows, { events })
