// npm run bench:escrow [-- --events N] [--others N] [--save] [--json FILE]: what waiting costs.
//
// The same number of events comes as many short logs and as one long one, in reverse, or with all receipts apart and
// last: if each event costs the same, so does each shape. Then again in a database where others wait.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'

import { engineOptions, standardRules } from '../dist/pipeline/commands/options.js'
import { engineFor } from '../dist/pipeline/engine.js'
import { entries, page, stats } from '../dist/pipeline/escrow/list.js'
import { why } from '../dist/pipeline/escrow/why.js'
import { limits } from '../dist/pipeline/limits.js'
import { openStore } from '../dist/pipeline/store/lmdb.js'
import { kelpipe } from './child.mjs'
import { folder, print, row } from './lib.mjs'
import { compare, keep } from './results.mjs'
import { addon, log, strays, take } from './waiting.mjs'

const option = (name, standard) => {
  const at = process.argv.indexOf(name)
  return at > 0 ? Number(process.argv[at + 1]) : standard
}
const events = option('--events', 100_000)
const others = option('--others', 1_000_000)
const shortest = 100
const lengths = [shortest, 1_000, 10_000, 100_000].filter((length) => length <= events)
/** What holding the event loop and listing may cost. */
const loopMaxMs = 20
const memoryMaxMb = 100
/** What a page may take that finds nothing in as many records as a page may read. */
const pageMaxMs = 1000
/** What a long log may cost more for each event: the trees of the database grow, the rules' work does not. */
const wanted = 0.5
const everybody = { entries: 4 * (others + events), bytes: 16 * 2 ** 30 }
const options = {
  ...engineOptions(standardRules),
  limits: {
    waitingEntriesMax: everybody.entries,
    waitingBytesMax: everybody.bytes,
    waitingPerSourceEntriesMax: everybody.entries,
    waitingPerSourceBytesMax: everybody.bytes,
    kinds: { 'out-of-order': { entriesMax: everybody.entries, bytesMax: everybody.bytes } },
  },
}

/** Pieces of about the size in which a file is read. */
function* pieces(messages, perPiece = 500) {
  for (let at = 0; at < messages.length; at += perPiece)
    yield Buffer.concat(messages.slice(at, at + perPiece))
}

const shapes = {
  'in order': (length) => log(length).messages,
  'in reverse': (length) => log(length).messages.toReversed(),
  'receipts apart and last': (length) => {
    const { messages, receipts } = log(length, { witnessed: true })
    return [...messages, ...receipts]
  },
  'receipts apart, last and in reverse': (length) => {
    const { messages, receipts } = log(length, { witnessed: true })
    return [...messages.toReversed(), ...receipts.toReversed()]
  },
}

/** Events accepted a second of logs of one length and shape. */
async function rate(store, shape, length, count = events) {
  const messages = Array.from({ length: count / length }, () => shapes[shape](length)).flat()
  const { tally, seconds } = await take(store, options, [[`${shape} ${length}`, pieces(messages)]])
  const waiting = [...tally.escrowed.values()].reduce((a, b) => a + b, 0)
  if (waiting > 0 || tally.rejected.size > 0) throw new Error(`${shape}: not all was accepted`)
  return count / seconds
}

const say = (count) => count.toLocaleString('en-US')
const rows = []
const directory = join(folder, 'db')

async function curve(where, store) {
  for (const shape of Object.keys(shapes)) {
    let short
    for (const length of lengths) {
      const found = await rate(store, shape, length)
      short ??= found
      rows.push(row(`${shape}, ${say(length)} events an AID${where}`, 'events/s', found, short, wanted))
      console.error(`${rows.at(-1).name}: ${rows.at(-1).ours}`)
    }
  }
}

/** Runs while the event loop is watched: seconds, the longest time that it was held, and growth of the heap. */
async function watched(work) {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  const start = performance.now()
  const peak = await work()
  const seconds = (performance.now() - start) / 1000
  loop.disable()
  return { seconds, p99Ms: loop.percentile(99) / 1e6, heapMb: (peak - before) / 2 ** 20 }
}

/** Lists all that waits, streamed and in pages, and counts it. */
async function listed(reader) {
  const streamed = await watched(async () => {
    let [count, peak] = [0, 0]
    for await (const entry of entries(reader)) {
      count += entry.cursor === '' ? 0 : 1
      if (count % 50_000 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed)
    }
    if (count !== others) throw new Error(`${count} were listed`)
    return peak
  })
  const paged = await watched(async () => {
    let [after, peak] = [undefined, 0]
    do {
      const part = await page(reader, {}, limits.pageEntriesMax, after)
      after = part.next
      peak = Math.max(peak, process.memoryUsage().heapUsed)
    } while (after !== undefined)
    return peak
  })
  const counted = await watched(async () => {
    await stats(reader)
    return process.memoryUsage().heapUsed
  })
  for (const [name, found] of Object.entries({ streamed, paged, counted })) {
    const title = `${say(others)} that wait, ${name}`
    rows.push(row(`${title}: seconds`, 's', found.seconds, 60, 1))
    rows.push(row(`${title}: event loop held, 99th percentile`, 'ms', found.p99Ms, loopMaxMs, 1))
    rows.push(row(`${title}: growth of the heap`, 'MB', found.heapMb, memoryMaxMb, 1))
  }
}

/** How long the first page takes with each filter, and what is found once all pages were asked for. */
async function filtered(reader) {
  const [some] = (await page(reader, {}, 1)).entries
  const { aid, said, since } = some
  const seconds = Math.round((Date.now() - Date.parse(since)) / 1000)
  const filters = {
    'a kind': [{ kind: 'out-of-order' }, others],
    'a kind that none is in': [{ kind: 'partial-witness' }, 0],
    'an AID': [{ aid }, 1],
    'a SAID': [{ said }, 1],
    'an age': [{ olderSeconds: seconds + 3600 }, 0],
    'a source': [{ source: 'others' }, others],
    'what is awaited': [{ awaits: 'inception' }, others],
  }
  for (const [name, [query, many]] of Object.entries(filters)) {
    const start = performance.now()
    let found = await page(reader, query, limits.pageEntries)
    const title = `${say(others)} that wait, by ${name}`
    rows.push(row(`${title}: first page`, 'ms', performance.now() - start, pageMaxMs, 1))
    let count = 0
    const whole = await watched(async () => {
      for (; ; found = await page(reader, query, limits.pageEntriesMax, found.next)) {
        count += found.entries.length
        if (found.next === undefined) return process.memoryUsage().heapUsed
      }
    })
    if (count !== many) throw new Error(`${name}: ${count} were found`)
    rows.push(row(`${title}: all pages`, 's', whole.seconds, 60, 1))
  }
  for (const [name, asked] of Object.entries({ 'a SAID': said, 'a place': `${aid}@1` })) {
    const start = performance.now()
    if (!(await why(reader, asked))) throw new Error(`${asked} is not known`)
    rows.push(row(`${say(others)} that wait, why by ${name}`, 'ms', performance.now() - start, 20, 1))
  }
}

/** Lists all that waits while a log in reverse is taken in. */
async function listedWhileWriting(reader) {
  const over = new AbortController()
  const writer = rate(reader.store, 'in reverse', 1_000).finally(() => over.abort())
  let count = 0
  const { p99Ms } = await watched(async () => {
    while (!over.signal.aborted)
      for await (const _ of entries(reader)) {
        count += 1
        if (over.signal.aborted) break
      }
    return 0
  })
  const title = `${say(others)} that wait, listed while a log comes in reverse`
  rows.push(row(`${title}: events accepted`, 'events/s', await writer, 1))
  rows.push(row(`${title}: entries listed meanwhile`, 'entries', count, 1))
  rows.push(row(`${title}: event loop held, 99th percentile`, 'ms', p99Ms, loopMaxMs, 1))
}

/** The same by the command line, whose memory is that of a process. */
async function printed() {
  const { peakMb, halfMb } = await kelpipe('escrow', 'ls', '--json', '--store', directory)
  rows.push(row('escrow ls --json: anonymous memory', 'MB', peakMb, 300, 1))
  rows.push(row('escrow ls --json: memory at most, against its first half', 'MB', peakMb, halfMb, 1.2))
}

const alone = await openStore(directory)
await rate(alone, 'in order', 100, 10_000)
await curve('', alone)
await alone.close()
rmSync(directory, { recursive: true, force: true })

const crowded = await openStore(directory)
const flood = await take(crowded, options, [['others', strays(others)]])
if (flood.tally.escrowed.get('out-of-order') !== others) throw new Error('not all others wait')
const start = performance.now()
const counted = await engineFor(addon, options, crowded)
const { entries: found } = counted.usage()
counted.close()
rows.push(row(`opening a database where ${say(found)} wait`, 's', (performance.now() - start) / 1000, 10, 1))
await curve(`, ${say(others)} others wait`, crowded)
const reader = { addon, store: crowded, pageRecords: limits.scanPageRecords }
await listed(reader)
await filtered(reader)
await listedWhileWriting(reader)
await crowded.close()
await printed()

print(rows)
compare('escrow', rows)
keep('escrow', rows, { events, others })
