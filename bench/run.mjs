// npm run bench [-- --json FILE]: how fast the pipeline is, each figure beside something else in the same run.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keripyRates } from './keripy.mjs'
import { best, folder, print, rate, root, row, stream } from './lib.mjs'

const pipeline = (mode, path) =>
  best(3, process.execPath, [join(root, 'bench', 'pipeline.mjs'), mode, path, folder])

const path = stream()
const verify = pipeline('verify', path)
const raw = pipeline('raw', path)
const ingest = pipeline('ingest', path)
const rows = [
  row(
    'ingest, durable, against the slower of verify and raw LMDB',
    'events/s',
    rate(ingest),
    Math.min(rate(verify), rate(raw)),
    0.7,
  ),
  row('delay of the event loop during ingest, p99, against 20 ms', 'ms', ingest.loopP99Ms, 20),
  row('anonymous memory during ingest against 300 MB', 'MB', ingest.rssAnonMb, 300),
]
const reference = keripyRates(path)
if (reference)
  rows.push(
    row(
      'verify against the reference, parse and check, no database',
      'events/s',
      rate(verify),
      reference.check,
      8,
    ),
    row('ingest, durable, against the reference, durable', 'events/s', rate(ingest), reference.durable, 150),
  )
else
  console.log(
    'note: the reference could not be installed (python3, pip install "keri<1.2"); its rows are left out',
  )

print(rows)
const json = process.argv.indexOf('--json')
if (json > 0) writeFileSync(process.argv[json + 1], `${JSON.stringify(rows, undefined, 2)}\n`)
