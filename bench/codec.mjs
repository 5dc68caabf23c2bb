// npm run bench:codec [-- --save] [--json FILE]: how fast the codec is, and what peers make of the same stream in the same run.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { best, folder, print, rate, root, row } from './lib.mjs'
import { compare, keep } from './results.mjs'

const inherited = { stdio: ['ignore', 'ignore', 'inherit'] }
const succeeds = (command, args, cwd) => spawnSync(command, args, { ...inherited, cwd }).status === 0

const stream = join(folder, 'stream.cesr')
const measured = join(folder, 'rows.json')
const options = [
  'bench',
  '-p',
  'kelpipe-cesr',
  '--bench',
  'codec',
  '--',
  '--json',
  measured,
  '--stream',
  stream,
]
if (!succeeds('cargo', options, root)) throw new Error('cargo bench failed')
const own = new Map(JSON.parse(readFileSync(measured, 'utf8')).map((entry) => [entry.name, entry]))
const ns = (name) => own.get(name).ours

/** Claims: the most that each may take. */
const wanted = [
  ['framing JSON bodies from version strings, against 40 ns', 'frame-json-bodies', 40],
  ['reading a JSON body, against 150 ns', 'body-json', 150],
  ['reading a CBOR body, against JSON', 'body-cbor', ns('body-json')],
  ['reading a MessagePack body, against JSON', 'body-mgpk', ns('body-json')],
  ['reading a native body, against JSON', 'body-cesr', ns('body-json')],
]
const rows = wanted.map(([name, key, most]) => row(name, 'ns', ns(key), most, 1))
rows.push(row('reading a JSON body, against serde_json', 'ns', ns('body-json'), own.get('body-json').peer))

const events = 1e9 / ns('all-json')
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
