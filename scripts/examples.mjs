// npm run examples: makes the streams in examples/, the truth about them, and the list in examples/README.md.
// With --check nothing is written, and what is not as it would be made is named.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mainPath, root } from './lib.mjs'

/** What each stream shows, and the options of `kelpipe gen` that make it. */
const examples = {
  'single-key': ['one key: inception, interactions and a rotation', '--seed 14 --events 5'],
  'basic-prefix': ['the AID is its own first key', '--seed 113 --shapes basic --events 4'],
  multisig: [
    'two of three keys; one event comes twice, each time with the signature of another holder',
    '--seed 4 --shapes multisig --keys 2/3 --events 4',
  ],
  'weighted-threshold': [
    'three keys of five with fractional weights',
    '--seed 117 --shapes weighted --events 3',
  ],
  'nested-threshold': [
    'two clauses of weights, both of which must be met',
    '--seed 118 --shapes nested --events 3',
  ],
  'reserve-keys': ['more next keys than a rotation shows', '--seed 119 --shapes reserve --events 4'],
  witnessed: [
    'two of three witnesses: their signatures come with the event, or as receipts after it',
    '--seed 5 --shapes witnessed --events 3',
  ],
  receipted: [
    'receipts by somebody with a log and by somebody without',
    '--seed 10 --shapes receipted --aids 2 --events 4',
  ],
  delegated: [
    'a delegate, another one under it, and rotations: all anchored by who is above',
    '--seed 2 --shapes delegated --aids 3 --delegates 2 --events 4',
  ],
  recovered: [
    'a rotation supersedes two interactions that were made with a stolen key',
    '--seed 8 --shapes recovered --events 5',
  ],
  duplicitous: [
    'two interactions at one place: the first stands, the other is evidence',
    '--seed 3 --shapes duplicitous --events 3',
  ],
  refused: [
    'an event after one that never was, and one after the AID was given up',
    '--seed 6 --shapes refused --events 4',
  ],
  waiting: [
    'what has to wait: an event that lacks a signature, and the one behind it',
    '--seed 1 --shapes waiting --events 3',
  ],
  'out-of-order': [
    'the events of three AIDs, shuffled: all are accepted in the end',
    '--seed 20 --aids 3 --events 4 --shuffle 12',
  ],
  repeated: ['messages that come twice cost nothing', '--seed 21 --aids 2 --events 4 --duplicate 0.5'],
  lost: ['messages that never came: what is behind them waits', '--seed 22 --aids 2 --events 5 --drop 0.2'],
  damaged: [
    'a changed SAID, a forged signature, and bytes that are no message: each costs itself alone',
    '--seed 7 --aids 2 --events 3 --corrupt 0.4',
  ],
  cbor: ['bodies in CBOR', '--seed 23 --wire v1-cbor --events 3'],
  mgpk: ['bodies in MessagePack', '--seed 24 --wire v1-mgpk --events 3'],
  'binary-attachments': ['attachments in the binary domain', '--seed 25 --wire v1-json-binary --events 3'],
  'v2-json': ['version 2 with bodies in JSON', '--seed 26 --wire v2-json --events 3'],
  'v2-native': ['version 2 with native CESR bodies', '--seed 27 --wire v2-native --events 3'],
  'v2-native-binary': ['the same in the binary domain', '--seed 28 --wire v2-native-binary --events 3'],
}

const folder = join(root, 'examples')
const check = process.argv.includes('--check')
const wrong = []
const temporary = mkdtempSync(join(tmpdir(), 'kelpipe-examples-'))
const streamPath = join(temporary, 'made.cesr')
process.on('exit', () => rmSync(temporary, { recursive: true }))

function put(name, bytes) {
  const path = join(folder, name)
  const same = existsSync(path) && readFileSync(path).equals(Buffer.from(bytes))
  if (check && !same) wrong.push(name)
  if (!check) writeFileSync(path, bytes)
}

/** The stream of an example, and the truth about it. */
function made(options) {
  const args = ['gen', '--quiet', '--aids', '1', ...options.split(' '), '--out', streamPath, '--truth', '-']
  const { status, stdout, stderr } = spawnSync(process.execPath, [mainPath, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`kelpipe ${args.join(' ')} ended with ${status}: ${stderr}`)
  return { stream: readFileSync(streamPath), truth: stdout.trim() }
}

if (!check) mkdirSync(folder, { recursive: true })
const truths = []
for (const [name, [, options]] of Object.entries(examples)) {
  const { stream, truth } = made(options)
  put(`${name}.cesr`, stream)
  truths.push(`"${name}.cesr": [\n${truth.replaceAll('\n', ',\n')}\n]`)
}
put('truth.json', `{\n${truths.join(',\n')}\n}\n`)
const row = ([name, [shows, options]]) => `| \`${name}.cesr\` | ${shows} | \`${options}\` |`
put(
  'README.md',
  `# Examples

Each stream shows one thing. They are made by \`kelpipe gen --aids 1 OPTIONS\` (docs/gen.md), all of them by \`npm run examples\`, and
are the same bytes on every machine. What must come of each stands in \`truth.json\`, and a test holds an ingest against it.

| file | shows | options |
|---|---|---|
${Object.entries(examples).map(row).join('\n')}
`,
)
if (wrong.length > 0) {
  console.error(`examples: ${wrong.join(', ')} not as \`npm run examples\` makes them`)
  process.exitCode = 1
}
