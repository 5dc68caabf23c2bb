/** npm run observe -- IN_DIR OUT_DIR [--mode keripy|hardened]: what the pipeline makes of recorded streams. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { loadAddon } from '../../native/addon.ts'
import { observe } from './observe.ts'
import type { Vector } from './vector.ts'

const usage = 'usage: npm run observe -- IN_DIR OUT_DIR [--mode keripy|hardened]'
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { mode: { type: 'string', default: 'keripy' } },
})
const [input, output] = positionals
if (!input || !output || (values.mode !== 'keripy' && values.mode !== 'hardened')) {
  console.error(usage)
  process.exit(2)
}
mkdirSync(output, { recursive: true })
const addon = loadAddon()
const names = readdirSync(input)
  .filter((name) => name.endsWith('.json') && !name.endsWith('.meta.json'))
  .map((name) => name.slice(0, -'.json'.length))
  .toSorted()
let [done, without] = [0, 0]
for (const name of names) {
  const vector = JSON.parse(readFileSync(join(input, `${name}.json`), 'utf8')) as Vector
  let stream: Uint8Array
  try {
    stream = readFileSync(join(input, `${name}.cesr`))
  } catch {
    without += 1
    continue
  }
  const result = await observe(addon, { steps: vector.steps, cfg: vector.cfg ?? {} }, stream, values.mode)
  writeFileSync(join(output, `${name}.json`), `${JSON.stringify(result, undefined, 1)}\n`)
  done += 1
}
console.error(
  `${done} streams observed in mode ${values.mode}${without > 0 ? `, ${without} without a .cesr file` : ''}`,
)
