// npm run bench:codec [-- --save] [--json FILE]: how fast the codec is, and what peers make of the same stream in the same run.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { best, folder, print, rate, root, row } from './lib.mjs'
import { compare, keep } from './results.mjs'

const inherited = { stdio: ['ignore', 'ignore', 'inherit'] }
const succeeds = (command, args, cwd) => spawnSync(command, args, { ...inherited, cwd }).status === 0

const stream = join(folder, 'json.cesr')
const own = new Map()
measure('kelpipe-cesr', 'codec', ['--streams', folder])
const streams = ['json', 'cbor', 'mgpk', 'cesr'].map((kind) => join(folder, `${kind}.cesr`))
measure('kelpipe-keri', 'bodies', streams)
const ns = (name) => own.get(name).ours

/** Runs a bench of a crate and takes over its rows. */
function measure(crate, bench, args) {
  const measured = join(folder, `${bench}.json`)
  const command = ['bench', '-p', crate, '--bench', bench, '--', ...args, '--json', measured]
  if (!succeeds('cargo', command, root)) throw new Error(`cargo bench of ${crate} failed`)
  for (const entry of JSON.parse(readFileSync(measured, 'utf8'))) own.set(entry.name, entry)
}

/** Claims: the most that each may take. */
const wanted = [
  ['framing JSON bodies from version strings, against 40 ns', 'frame-json-bodies', 40],
  ['reading a JSON key event, against 150 ns', 'event-json', 150],
  ['reading a CBOR key event, against JSON', 'event-cbor', ns('event-json')],
  ['reading a MessagePack key event, against JSON', 'event-mgpk', ns('event-json')],
  ['reading a native key event, against JSON', 'event-cesr', ns('event-json')],
]
const rows = wanted.map(([name, key, most]) => row(name, 'ns', ns(key), most, 1))
rows.push(
  row('any JSON body, its tokens, against serde_json', 'ns', ns('body-json'), own.get('body-json').peer),
)

const events = 1e9 / (ns('frame-json') + ns('event-json') + ns('attachments-json'))
for (const [name, peer] of peers())
  rows.push(row(`framing, bodies and attachments, against ${name}`, 'events/s', events, rate(peer)))

/** Peers that can be had: two crates, which a small program of their own links, and a package. */
function peers() {
  const found = []
  const crates = join(root, 'bench', 'peers', 'codec')
  const target = join(root, 'target', 'codec-peers')
  if (succeeds('cargo', ['build', '--release', '--locked', '--quiet', '--target-dir', target], crates))
    for (const name of ['cesrox', 'parside'])
      found.push([name, best(3, join(target, 'release', 'codec-peers'), [name, stream])])
  else console.log('note: the crates cesrox and parside could not be built; their rows are left out')
  if (
    succeeds(
      'npm',
      ['install', '--silent', '--no-save', '--prefix', folder, 'cesr@0.0.19-dev.078bdd8'],
      folder,
    )
  )
    found.push([
      'cesr-js',
      best(3, process.execPath, [join(root, 'bench', 'peers', 'cesr-js.mjs'), folder, stream]),
    ])
  else console.log('note: the package cesr could not be installed; its row is left out')
  return found
}

print(rows)
compare('codec', rows)
keep('codec', rows)
