// The reference, installed into a folder of the run; nothing where that cannot be.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { best, folder, head, rate, root } from './lib.mjs'

const quiet = { stdio: 'ignore' }

function installed() {
  const home = join(folder, 'python')
  if (spawnSync('python3', ['-m', 'venv', home], quiet).status !== 0) return undefined
  const pip = spawnSync(join(home, 'bin', 'pip'), ['install', '--quiet', 'keri<1.2'], quiet)
  return pip.status === 0 ? join(home, 'bin', 'python') : undefined
}

/** The reference's rates on the first events of the stream: parsing and checking, and with its database. */
export function keripyRates(stream) {
  const python = installed()
  if (!python) return undefined
  const measure = (mode, events, runs) =>
    rate(best(runs, python, [join(root, 'bench', 'peers', 'keripy.py'), mode, head(stream, events), folder]))
  return { check: measure('check', 4000, 2), durable: measure('durable', 200, 1) }
}
