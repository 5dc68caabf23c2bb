// What the benches share: a row is a claim with something to compare it to, measured in the same run.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A folder for the run, on the disk of the project's choice (KELPIPE_BENCH_DIR), removed at the end. */
export const folder = mkdtempSync(join(process.env.KELPIPE_BENCH_DIR ?? tmpdir(), 'kelpipe-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** The recorded stream of 20,000 single-signature events of 1,000 AIDs, and its first events. */
export function stream() {
  const vectors = process.env.KELPIPE_VECTORS ?? join(root, '..', 'shared', 'vectors')
  const recorded = join(vectors, 'bulk', 'single.cesr.gz')
  if (!existsSync(recorded))
    throw new Error('the benches read bulk/single.cesr.gz in the folder that KELPIPE_VECTORS names')
  const bytes = gunzipSync(readFileSync(recorded))
  return written('single.cesr', bytes)
}

/** The first events of a stream, as a file of its own. */
export function head(path, events) {
  const bytes = readFileSync(path)
  let end = 0
  for (let event = 0; event <= events && end >= 0; event += 1)
    end = bytes.indexOf('{"v":"KERI', event === 0 ? 0 : end + 1)
  return written(`head-${events}.cesr`, bytes.subarray(0, end < 0 ? bytes.length : end))
}

function written(name, bytes) {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

/** Runs a program that prints one JSON object last; the best of so many runs. */
export function best(runs, command, args) {
  const results = Array.from({ length: runs }, () => {
    const { status, stdout, stderr } = spawnSync(command, args, {
      encoding: 'utf8',
      cwd: root,
      maxBuffer: 2 ** 28,
    })
    if (status !== 0)
      throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr.slice(-2000)}`)
    return JSON.parse(stdout.trim().split('\n').at(-1))
  })
  return results.reduce((a, b) => (b.events / b.seconds > a.events / a.seconds ? b : a))
}

export const rate = ({ events, seconds }) => events / seconds

/** A row of the result: ours against a peer of the same run, and the ratio that is asked for. */
export const row = (name, unit, ours, peer, wanted) => ({
  name,
  unit,
  ours: round(ours),
  peer: round(peer),
  ratio: round(ours / peer),
  ...(wanted !== undefined && { wanted }),
})

const round = (value) => Number(value.toPrecision(4))

export function print(rows) {
  for (const { name, unit, ours, peer, ratio, wanted } of rows)
    console.log(
      `${name.padEnd(58)} ${String(ours).padStart(9)} ${String(peer).padStart(9)} ${unit.padEnd(9)} × ${ratio}${wanted === undefined ? '' : ` (wanted ${wanted})`}`,
    )
}
