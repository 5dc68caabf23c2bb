// A flood of events that nobody can verify, from many AIDs and sources, on a database with honest logs that wait.
//   node bench/flood.mjs [bogus events, 1000000] [bogus sources, 200] [honest logs, 1000] [cap, 200000]
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { loadAddon } from '../dist/native/addon.js'
import { engineOptions, standardRules } from '../dist/pipeline/commands/options.js'
import { engineFor } from '../dist/pipeline/engine.js'
import { stats } from '../dist/pipeline/escrow/list.js'
import { limits } from '../dist/pipeline/limits.js'
import { Pace } from '../dist/pipeline/pace.js'
import { run } from '../dist/pipeline/run.js'
import { streamSource } from '../dist/pipeline/sources/stream.js'
import { openStore } from '../dist/pipeline/store/lmdb.js'
import { Tally } from '../dist/operators/meter.js'

const [bogus = 1_000_000, sources = 200, logs = 1_000, capEntries = 200_000] = process.argv
  .slice(2)
  .map(Number)
const cap = { waitingEntriesMax: 2 * capEntries, kinds: { 'out-of-order': { entriesMax: capEntries } } }
const addon = loadAddon()
const options = { ...engineOptions(standardRules), limits: cap }
const directory = mkdtempSync(join(tmpdir(), 'kelpipe-flood-'))
const store = await openStore(directory)

const primitive = (code, raw) =>
  code +
  Buffer.concat([Buffer.alloc(code.length === 2 ? 2 : 1), raw])
    .toString('base64url')
    .slice(code.length)
const signature = primitive('AA', randomBytes(64))

/** An event out of order of an AID of its own; its SAID is right, which is all that can be checked. */
function stray() {
  const aid = primitive('E', randomBytes(32))
  const prior = primitive('E', randomBytes(32))
  const body = `{"v":"KERI10JSON0000cb_","t":"ixn","d":"${'#'.repeat(44)}","i":"${aid}","s":"1","p":"${prior}","a":[]}`
  return Buffer.from(
    `${body.replace('#'.repeat(44), primitive('H', createHash('sha3-256').update(body).digest()))}-AAB${signature}`,
  )
}

function* strays(count) {
  for (let left = count; left > 0; left -= 1000)
    yield Buffer.concat(Array.from({ length: Math.min(left, 1000) }, stray))
}

async function take(sent) {
  const tally = new Tally()
  const start = performance.now()
  await run({
    sources: sent.map(([name, pieces]) => streamSource(name, () => Readable.from(pieces))),
    store,
    engine: await engineFor(addon, options, store),
    record: (table, key, value) => addon.record(table, key, value),
    framer: () => addon.framer(options),
    sinks: [],
    tally,
    commit: 'group',
    limits,
    pace: new Pace(limits),
    signal: new AbortController().signal,
    note: () => undefined,
  })
  return { tally, seconds: (performance.now() - start) / 1000 }
}

/** A log of an inception and two interactions. */
function log() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = primitive('D', publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  const dummy = '#'.repeat(44)
  let [aid, prior] = [dummy, '']
  return [0, 1, 2].map((sn) => {
    const head = { v: 'KERI10JSON000000_', t: sn === 0 ? 'icp' : 'ixn', d: dummy, i: aid, s: `${sn}` }
    const next = primitive('H', createHash('sha3-256').update(`${key}next`).digest())
    const rest =
      sn === 0 ? { kt: '1', k: [key], nt: '1', n: [next], bt: '0', b: [], c: [], a: [] } : { p: prior, a: [] }
    const empty = JSON.stringify({ ...head, ...rest })
    const sized = empty.replace('000000_', `${empty.length.toString(16).padStart(6, '0')}_`)
    prior = primitive('H', createHash('sha3-256').update(sized).digest())
    const body = sized.replaceAll(dummy, prior)
    if (sn === 0) aid = prior
    return Buffer.from(`${body}-AAB${primitive('AA', sign(null, Buffer.from(body), privateKey))}`)
  })
}

const honest = Array.from({ length: logs }, log)
const late = honest.map((messages, index) => [`honest ${index % 50}`, [Buffer.concat(messages.slice(1))]])
const flood = Array.from({ length: sources }, (_, index) => [
  `bogus ${index}`,
  strays(Math.ceil(bogus / sources)),
])
const every = Math.ceil(late.length / sources)
const mixed = flood.flatMap((each, index) => [each, ...late.slice(index * every, (index + 1) * every)])

const { tally, seconds } = await take(mixed)
const waiting = await stats({ addon, store, pageRecords: 1000 })
const bytes = statSync(join(directory, 'data.mdb')).size
const done = await take(honest.map((messages, index) => [`inception ${index % 50}`, [messages[0]]]))
console.log(
  JSON.stringify({
    bogus,
    sources,
    seconds: Math.round(seconds * 10) / 10,
    perSecond: Math.round(tally.messages / seconds),
    waiting: waiting.entries,
    evicted: tally.evicted,
    refused: tally.rejected.get('limit/escrow-full') ?? 0,
    databaseMiB: Math.round(bytes / 2 ** 20),
    honestCompleted: done.tally.woken,
    honestExpected: logs * 2,
  }),
)
await store.close()
rmSync(directory, { recursive: true, force: true })
