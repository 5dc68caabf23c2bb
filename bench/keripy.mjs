// The reference, installed into a folder of the run; nothing where that cannot be.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { best, folder, head, rate, root } from './lib.mjs'

const quiet = { stdio: 'ignore' }

/** A Python that has the reference: KELPIPE_REFERENCE_PYTHON, or one that is made for the run. */
export function installed() {
  if (process.env.KELPIPE_REFERENCE_PYTHON) return process.env.KELPIPE_REFERENCE_PYTHON
  const home = join(folder, 'python')
  if (spawnSync('python3', ['-m', 'venv', home], quiet).status !== 0) return undefined
  const pip = spawnSync(join(home, 'bin', 'pip'), ['install', '--quiet', 'keri<1.2'], quiet)
  return pip.status === 0 ? join(home, 'bin', 'python') : undefined
}

/** The reference's rate on the first events of a stream; its database, if it has one, in a folder of `where`. */
export const reference = (python, stream, mode, events, where, runs = 1) =>
  rate(best(runs, python, [join(root, 'bench', 'peers', 'keripy.py'), mode, head(stream, events), where]))

/** The reference's rates: parsing and checking, and with its database. */
export function keripyRates(stream) {
  const python = installed()
  if (!python) return undefined
  return {
    check: reference(python, stream, 'check', 4000, folder, 2),
    durable: reference(python, stream, 'durable', 200, folder),
  }
}
