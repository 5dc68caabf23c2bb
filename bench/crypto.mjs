// npm run bench:crypto [-- --json FILE]: time per signature against libsodium, dalek and aws-lc-rs, in one run.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { print, root, row } from './lib.mjs'

const { status, stdout } = spawnSync(
  'cargo',
  ['bench', '--locked', '-p', 'kelpipe-crypto', '--bench', 'crypto', '--', '--json'],
  { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
)
if (status !== 0) throw new Error(`the bench ended with ${status}`)
const rows = JSON.parse(stdout.trim().split('\n').at(-1)).map(({ name, unit, ours, peer, wanted }) =>
  row(name, unit, ours, peer, wanted),
)

print(rows)
const json = process.argv.indexOf('--json')
if (json > 0) writeFileSync(process.argv[json + 1], `${JSON.stringify(rows, undefined, 2)}\n`)
