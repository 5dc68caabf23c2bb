// npm run bench:flood [-- --bogus N] [--sources N] [--logs N] [--cap MIB] [--save] [--json FILE]: a flood of events that
// nobody can verify, from many AIDs and sources, on a database where the logs of honest ones wait. It fails unless the
// disk stays under the cap, no honest entry is evicted or refused, and each honest log is complete in the end.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { engineOptions, standardRules } from '../dist/pipeline/commands/options.js'
import { stats } from '../dist/pipeline/escrow/list.js'
import { openStore } from '../dist/pipeline/store/lmdb.js'
import { print, row } from './lib.mjs'
import { compare, keep } from './results.mjs'
import { addon, log, strays, take } from './waiting.mjs'

const option = (name, standard) => {
  const at = process.argv.indexOf(name)
  return at > 0 ? Number(process.argv[at + 1]) : standard
}
const bogus = option('--bogus', 1_000_000)
const sources = option('--sources', 200)
const logs = option('--logs', 1_000)
const capBytes = option('--cap', 256) * 2 ** 20
/** Waiting events of each honest log: all but the inception. */
const perLog = 2
const options = { ...engineOptions(standardRules), limits: { waitingBytesMax: capBytes } }
const directory = mkdtempSync(join(process.env.KELPIPE_BENCH_DIR ?? tmpdir(), 'kelpipe-flood-'))
const store = await openStore(directory)
const fileBytes = () => statSync(join(directory, 'data.mdb')).size

const honest = Array.from({ length: logs }, () => log(1 + perLog).messages)
const late = honest.map((messages, index) => [`honest ${index % 50}`, [Buffer.concat(messages.slice(1))]])
const flood = Array.from({ length: sources }, (_, index) => [
  `bogus ${index}`,
  strays(Math.ceil(bogus / sources)),
])
const every = Math.ceil(late.length / sources)
const mixed = flood.flatMap((each, index) => [each, ...late.slice(index * every, (index + 1) * every)])

const { tally, seconds } = await take(store, options, mixed)
const reader = { addon, store, pageRecords: 1000 }
const waiting = await stats(reader)
const floodedBytes = fileBytes()
const honestWaiting = Object.entries(waiting.sources)
  .filter(([name]) => name.startsWith('honest'))
  .reduce((sum, [, { entries }]) => sum + entries, 0)
const inceptions = honest.map((messages, index) => [`inception ${index % 50}`, [messages[0]]])
const done = await take(store, options, inceptions)
const complete = honest.filter(([inception]) => {
  const aid = /"i":"([^"]+)"/.exec(inception)[1]
  const record = store.get('aids', Buffer.from(aid))
  return record && JSON.parse(addon.keyState(aid, record, false)).s === `${perLog}`
})
await store.close()
rmSync(directory, { recursive: true, force: true })

const result = {
  bogus,
  sources,
  seconds: Math.round(seconds * 10) / 10,
  messagesPerSecond: Math.round(tally.messages / seconds),
  capMiB: capBytes / 2 ** 20,
  fileMiB: Math.round(floodedBytes / 2 ** 20),
  waiting: waiting.entries,
  evicted: tally.evicted,
  refused: tally.rejected.get('limit/escrow-full') ?? 0,
  honestWaiting,
  honestWoken: done.tally.woken,
  honestComplete: complete.length,
}
console.log(JSON.stringify(result, undefined, 2))
const failures = [
  [result.fileMiB <= result.capMiB, 'the file is larger than the cap'],
  [honestWaiting === logs * perLog, 'honest entries were evicted or refused'],
  [complete.length === logs, 'honest logs are not complete'],
  [result.evicted + result.refused > 0, 'there was no flood: nothing had to give way'],
].flatMap(([holds, failure]) => (holds ? [] : [failure]))
for (const failure of failures) console.error(failure)
const rows = [
  row('flood: size of the database against the cap', 'MiB', result.fileMiB, result.capMiB, 1),
  row('flood: honest entries that wait through it', 'entries', honestWaiting, logs * perLog, 1),
  row('flood: honest logs that are complete behind it', 'logs', complete.length, logs, 1),
]
print(rows)
compare('flood', rows)
keep('flood', rows, result)
process.exitCode = failures.length > 0 ? 1 : 0
