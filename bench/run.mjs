// npm run bench [-- --save] [--json FILE]: how fast the pipeline is, each figure beside something else in the same run.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { made } from './child.mjs'
import { keripyRates } from './keripy.mjs'
import { best, folder, print, rate, root, row, stream } from './lib.mjs'
import { compare, keep } from './results.mjs'

/** As the core and the boundary are measured: several passes, of which the fastest counts. */
const pipeline = (mode, path, passes = 5) =>
  best(3, process.execPath, [
    join(root, 'bench', 'pipeline.mjs'),
    mode,
    path,
    folder,
    JSON.stringify({ passes }),
  ])
/** What a whole run of so short a stream makes, whose code is still cold. */
const cold = (mode, path) => rate(pipeline(mode, path, 1))

const path = stream()
const core = rustCore(path)
const boundary = (threads) =>
  best(3, process.execPath, [join(root, 'bench', 'boundary.mjs'), path, String(threads)])
const alone = boundary(1)
const { events, crypto } = boundary(0)
const verify = pipeline('verify', path)
const raw = pipeline('raw', path)
const ingest = pipeline('ingest', path)
// Long enough that the share is that of a run that goes on, and not of code that is still cold.
const long = await made(join(folder, 'long.cesr'), '--aids', '10000', '--interleave', '200')
const seen = best(3, process.execPath, [join(root, 'bench', 'metrics.mjs'), long, folder])
const rows = [
  ...core,
  row('the same through the boundary, one batch after the other', 'events/s', rate(alone), 400_000, 1),
  row(
    'verify against its signature checks alone, all cores',
    'events/s',
    rate(verify),
    events / crypto,
    0.85,
  ),
  row(
    'ingest, durable, against the slower of verify and raw LMDB',
    'events/s',
    rate(ingest),
    Math.min(rate(verify), rate(raw)),
    0.7,
  ),
  row('delay of the event loop during ingest, p99, against 20 ms', 'ms', ingest.loopP99Ms, 20),
  row('anonymous memory during ingest against 300 MB', 'MB', ingest.rssAnonMb, 300),
  row(
    'metrics during an ingest of 200,000 events, scraped every 15 s, against 1 %',
    '%',
    (100 * seen.metricsSeconds) / seen.seconds,
    1,
  ),
]
const reference = keripyRates(path)
if (reference)
  rows.push(
    row(
      'verify against the reference, parse and check, no database',
      'events/s',
      cold('verify', path),
      reference.check,
      8,
    ),
    row(
      'ingest, durable, against the reference, durable',
      'events/s',
      cold('ingest', path),
      reference.durable,
      150,
    ),
  )
else
  console.log(
    'note: the reference could not be installed (python3, pip install "keri<1.2"); its rows are left out',
  )

/** The core's own bench: what an event costs besides its signature. */
function rustCore(streamPath) {
  const result = join(folder, 'core.json')
  const args = ['bench', '--package', 'kelpipe-keri', '--bench', 'fold', '--', streamPath, '--json', result]
  const { status, stderr } = spawnSync('cargo', args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`cargo ${args.join(' ')} ended with ${status}: ${stderr.slice(-2000)}`)
  return JSON.parse(readFileSync(result, 'utf8')).map((each) => ({ ...each, wanted: 1 }))
}

print(rows)
compare('run', rows)
keep('run', rows)
