// npm run bench:peers [-- --readme] [--save] [--json FILE]: kelpipe and its peers on one generated stream, in one run.
//
// 20,000 single-signature events of 1,000 AIDs. What each does of the work is in the table. --readme writes it there.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kelpipe, made } from './child.mjs'
import { installed, reference } from './keripy.mjs'
import { best, folder, head, rate, root } from './lib.mjs'
import { compare, keep, machine } from './results.mjs'

const cesrJs = 'cesr@0.0.19-dev.078bdd8'
const memoryFolder = '/dev/shm'
const runs = 3
const cratesEvents = 1_000
const all = 'SAID, signatures, key state'

const path = await made(join(folder, 'peers.cesr'), '--aids', '1000', '--events', '20', '--group', 'all')
const rows = []
const note = (name, does, ours) => {
  rows.push({ name, does, unit: 'events/s', ours: Math.round(ours) })
  console.error(`${name}: ${Math.round(ours)}/s`)
}

await own()
keripy()
cesrjs()
crates()
show()

/** The program as a user runs it, on all cores. */
async function own() {
  const seconds = async (...args) => {
    const { last } = await kelpipe(...args, '--json', '--quiet')
    const summary = JSON.parse(last)
    return summary.accepted / summary.seconds
  }
  const bestOf = async (measure) => {
    const rates = []
    for (let run = 0; run < runs; run += 1) rates.push(await measure(run))
    return Math.max(...rates)
  }
  const durable = (run) => seconds('ingest', path, '--store', join(folder, `peers-${run}`))
  note('kelpipe ingest', `${all}, durable`, await bestOf(durable))
  note('kelpipe verify', `${all}, in memory`, await bestOf(() => seconds('verify', path)))
}

function keripy() {
  const python = installed()
  if (!python) return console.log('note: KERIpy could not be installed (python3, pip install "keri<1.2")')
  note('KERIpy 1.1 with its database', `${all}, durable`, reference(python, path, 'durable', 200, folder))
  if (existsSync(memoryFolder))
    note('KERIpy 1.1 on tmpfs', all, reference(python, path, 'durable', 1000, memoryFolder))
  note('KERIpy 1.1 without database', 'SAID, signatures', reference(python, path, 'check', 4000, folder))
}

function cesrjs() {
  const install = ['install', '--silent', '--no-save', '--prefix', folder, cesrJs]
  if (spawnSync('npm', install, { stdio: 'ignore' }).status !== 0)
    return console.log('note: cesr-js could not be installed')
  const parse = best(runs, process.execPath, [join(root, 'bench', 'peers', 'cesr-js.mjs'), folder, path])
  note('cesr-js', 'parsing', rate(parse))
}

function crates() {
  const target = join(tmpdir(), 'kelpipe-codec-peers')
  const build = ['build', '--release', '--locked', '--quiet', '--target-dir', target]
  const cwd = join(root, 'bench', 'peers', 'codec')
  if (spawnSync('cargo', build, { cwd, stdio: 'ignore' }).status !== 0)
    return console.log('note: the Rust crates could not be built')
  // Their time grows with the square of the stream: they get its first events only.
  const some = head(path, cratesEvents)
  for (const name of ['cesrox', 'parside'])
    note(
      `${name} (Rust), ${cratesEvents} events`,
      'parsing',
      rate(best(1, join(target, 'release', 'codec-peers'), [name, some])),
    )
}

function show() {
  const { cpu, cores, memoryGb, node } = machine()
  const most = rows[0].ours
  const times = (ours) => (ours === most ? '1' : `1/${(most / ours).toFixed(1)}`)
  const lines = rows.map(
    ({ name, does, ours }) => `| ${name} | ${does} | ${ours.toLocaleString('en-US')} | ${times(ours)} |`,
  )
  const table = [
    `20,000 single-signature events of 1,000 AIDs, one run on ${cpu}, ${cores} cores, ${memoryGb} GB, Node ${node};`,
    'kelpipe uses all cores, the others one. Made by `npm run bench:peers -- --readme`.',
    '',
    '| | does | events/s | to the first |',
    '|---|---|---|---|',
    ...lines,
  ].join('\n')
  console.log(table)
  compare('peers', rows)
  keep('peers', rows)
  if (process.argv.includes('--readme')) intoReadme(table)
}

/** Between the two marks. */
function intoReadme(table) {
  const readme = join(root, 'README.md')
  const text = readFileSync(readme, 'utf8')
  const marked = /(<!-- peers -->\n)[^]*?(<!-- \/peers -->)/
  if (!marked.test(text)) throw new Error('README.md has no <!-- peers --> marks')
  writeFileSync(readme, text.replace(marked, `$1\n${table}\n\n$2`))
}
