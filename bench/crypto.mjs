// npm run bench:crypto [-- --save] [--json FILE]: time per signature against libsodium, dalek and aws-lc-rs, in one run.
import { spawnSync } from 'node:child_process'
import { print, root, row } from './lib.mjs'
import { compare, keep } from './results.mjs'

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
compare('crypto', rows)
keep('crypto', rows)
