// npm run soak [-- --seconds N] [--save] [--json FILE]: does anything grow while it works at full load, with faults?
//
// One `kelpipe ingest` listens while senders fill it with generated streams: shuffled, with messages lost, repeated,
// damaged and duplicitous, over connections of which some are cut inside a message and some drip. Memory, open files and
// the delay of the event loop in the last quarter of the time are held against those in the second quarter. It ends with
// 1 if one of them grew. 600 seconds, if nothing else is said.
import { once } from 'node:events'
import { connect } from 'node:net'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { generate, shapeNames } from '../dist/native/generator.js'
import { rssAnonMb, started } from './child.mjs'
import { folder, print, row } from './lib.mjs'
import { compare, keep } from './results.mjs'

const at = process.argv.indexOf('--seconds')
const seconds = at > 0 ? Number(process.argv[at + 1]) : 600
const samples = 120
const senders = 4
const memoryMaxMb = 300
const loopMs = 20
const pieceBytes = 1 << 16
const dripBytes = 300
const dripMs = 1
/** What an ingest ends with that was told to stop, and had the time to. */
const interrupted = 130

const child = await started(
  ['ingest', 'tcp://127.0.0.1:0', '--store', join(folder, 'db'), '--metrics', '0', '--json'],
  /metrics on http:\S+:(\d+)[^]*listening on tcp:\S+:(\d+)/,
)
const [metricsPort, port] = child.ports
const end = performance.now() + seconds * 1000
const over = () => performance.now() > end
const faults = { cut: 0, dripped: 0, connections: 0 }

/** Sends one world after the other until the time is over. */
async function sender(number) {
  for (let seed = number; !over(); seed += senders) {
    const plan = { seed, aids: 400, events: 12, shapes: shapeNames, interleave: 20, shuffle: 30 }
    const trouble = { drop: 2_000, duplicate: 20_000, corrupt: 5_000 }
    await sent(generate({ ...plan, ...trouble }, pieceBytes), seed)
  }
}

async function sent(pieces, seed) {
  const socket = connect(Number(port), '127.0.0.1')
  socket.resume().on('error', () => {})
  await once(socket, 'connect')
  faults.connections += 1
  let number = 0
  for await (const { stream } of pieces) {
    if (over() || (seed % 5 === 0 && number++ === 3)) {
      faults.cut += 1
      socket.write(stream.subarray(0, stream.length - 100))
      break
    }
    if (seed % 7 === 0 && number++ === 1) await dripped(socket, stream.subarray(0, dripBytes))
    else if (!socket.write(stream)) await once(socket, 'drain')
  }
  socket.end()
  await once(socket, 'close')
}

async function dripped(socket, bytes) {
  faults.dripped += 1
  for (const byte of bytes) {
    socket.write(Uint8Array.of(byte))
    await setTimeout(dripMs)
  }
}

async function watch() {
  const seen = []
  while (!over()) {
    await setTimeout((seconds * 1000) / samples)
    const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    const metric = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1])
    seen.push({
      memoryMb: rssAnonMb(child.pid),
      files: readdirSync(`/proc/${child.pid}/fd`).length,
      loopMs: metric('nodejs_eventloop_lag_p99_seconds') * 1000,
    })
  }
  return seen
}

const watching = watch()
await Promise.all(Array.from({ length: senders }, (_, number) => sender(number + 1)))
const seen = await watching
const { status, last } = await child.stopped()
const summary = JSON.parse(last)

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const quarter = (name, number) => {
  const size = seen.length / 4
  return median(
    seen.slice(Math.floor(number * size), Math.floor((number + 1) * size)).map((each) => each[name]),
  )
}
const grown = (title, unit, name, wanted) => row(title, unit, quarter(name, 3), quarter(name, 1), wanted)
const rows = [
  row('events accepted', 'events/s', summary.accepted / seconds, summary.accepted / seconds),
  grown('anonymous memory, last quarter against the second', 'MB', 'memoryMb', 1.1),
  row('anonymous memory at most', 'MB', Math.max(...seen.map(({ memoryMb }) => memoryMb)), memoryMaxMb, 1),
  grown('open files, last quarter against the second', 'files', 'files', 1.1),
  grown('delay of the event loop, p99, last quarter against the second', 'ms', 'loopMs', 1.5),
  row('delay of the event loop, p99, last quarter, against 20 ms', 'ms', quarter('loopMs', 3), loopMs),
]
print(rows)
console.log(JSON.stringify({ seconds, faults, summary }))
compare('soak', rows)
keep('soak', rows, { seconds, faults, summary })
const failed = rows.filter(({ ratio, wanted }) => wanted !== undefined && ratio > wanted)
if (failed.length > 0 || status !== interrupted) {
  console.error(`soak: ${failed.map(({ name }) => name).join('; ') || `ingest ended with ${status}`}`)
  process.exitCode = 1
}
