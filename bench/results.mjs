// Results that stay: a run compares its rows with the last committed ones of the same bench.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { root } from './lib.mjs'

const pathOf = (bench) => `bench/results/${bench}.json`

/** What the figures were taken on. */
export const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 1e9),
  node: process.versions.node,
})

/** The last committed result of a bench; nothing if there is none. */
export function committed(bench) {
  try {
    const text = execFileSync('git', ['show', `HEAD:${pathOf(bench)}`], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Prints each row that the last committed result has, too, and by how much it differs. */
export function compare(bench, rows) {
  const last = committed(bench)
  if (!last) return console.log(`\nno result of ${bench} is committed yet: --save writes one`)
  console.log(`\nagainst the last committed result (${last.machine.cpu}, ${last.machine.cores} cores):`)
  for (const { name, ours } of rows) {
    const before = last.rows.find((row) => row.name === name)?.ours
    if (before) console.log(`${name.padEnd(58)} × ${(ours / before).toFixed(2)}`)
  }
}

/** Writes rows to --json FILE, and with --save to where the next run compares with. */
export function keep(bench, rows, more = {}) {
  const result = `${JSON.stringify({ machine: machine(), ...more, rows }, undefined, 2)}\n`
  const json = process.argv.indexOf('--json')
  if (json > 0) writeFileSync(process.argv[json + 1], result)
  if (!process.argv.includes('--save')) return
  mkdirSync(join(root, 'bench', 'results'), { recursive: true })
  writeFileSync(join(root, pathOf(bench)), result)
}
