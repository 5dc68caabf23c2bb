import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { loadAddon } from '../../native/addon.ts'
import { generate, shapeNames, type GeneratorPlan } from '../../native/generator.ts'
import { packageRoot } from '../../native/root.ts'
import { Random } from '../../pipeline/sim/random.ts'
import { attached, sorted } from './compare.ts'
import { mutated } from './mutate.ts'
import { observe } from './observe.ts'
import type { Escrows, Observation, ParseLog, Step, Vector } from './vector.ts'

const python = process.env['KELPIPE_REFERENCE_PYTHON']
/** Messages in all; CI asks for many more. */
const messagesMin = Number(process.env['KELPIPE_DIFFERENTIAL'] ?? 1_000)
/** The first seed: other ones make other streams. */
const firstSeed = Number(process.env['KELPIPE_DIFFERENTIAL_SEED'] ?? 1)
const msPerMessage = 60
const processes = 2
const quietly = { maxBuffer: 2 ** 26 }

const addon = loadAddon()
const inMemory = '/dev/shm'
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(existsSync(inMemory) ? inMemory : tmpdir(), 'kelpipe-differential-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const planOf = (seed: number): GeneratorPlan => {
  const random = new Random(seed)
  return {
    seed,
    aids: 2 + random.below(8),
    events: 2 + random.below(10),
    shapes: random.shuffled(shapeNames).slice(0, 3),
    wires: ['v1-json', 'v1-cbor', 'v1-mgpk'],
    interleave: 1 + random.below(4),
    shuffle: random.of([1, 1, 10]),
    duplicate: random.of([0, 50_000]),
    corrupt: random.of([0, 50_000]),
  }
}

interface World {
  readonly name: string
  readonly stream: Buffer
  readonly steps: readonly Step[]
  /** Of each message, whether nothing is wrong with its bytes. */
  readonly whole: readonly boolean[]
}

async function world(seed: number): Promise<World> {
  const plan = planOf(seed)
  const messages: Buffer[] = []
  for await (const { stream, ends } of generate(plan, 1 << 20)) {
    let start = 0
    for (const end of ends) {
      messages.push(Buffer.from(stream.subarray(start, end)))
      start = end
    }
  }
  const sent = mutated(messages, seed)
  const steps: Step[] = []
  let start = 0
  for (const message of sent) {
    steps.push(['parse', start, start + message.length])
    start += message.length
  }
  steps.push(['escrows'])
  const whole = sent.map((message, index) => plan.corrupt === 0 && message === messages[index])
  return { name: `${seed}`, stream: Buffer.concat(sent), steps, whole }
}

/** A step without the bytes that the reference threw away, waited for or hung on (rules 14 and 15, docs/divergences.md). */
const judged = (step: Step, log: ParseLog | undefined): Step =>
  step[0] === 'parse' && log?.judged !== undefined ? ['parse', step[1], log.judged] : step

/** Where two results differ, in words. */
function differences(ours: Observation, theirs: Observation): string[] {
  const found: string[] = []
  for (const part of ['keyStates', 'kels', 'fels'] as const)
    if (JSON.stringify(sorted(ours[part])) !== JSON.stringify(sorted(theirs[part]))) found.push(part)
  if (JSON.stringify(attached(ours)) !== JSON.stringify(attached(theirs))) found.push('attachments')
  const [a, b] = [rows(ours.escrows), rows(theirs.escrows)]
  found.push(
    ...[...a].filter((line) => !b.has(line)).map((line) => `only here: ${line}`),
    ...[...b].filter((line) => !a.has(line)).map((line) => `only in the reference: ${line}`),
  )
  return found
}
const rows = (escrows: Escrows): Set<string> =>
  new Set(
    Object.entries(escrows).flatMap(([table, list]) =>
      list.map((row) => `${table} ${JSON.stringify(row, Object.keys(row).toSorted())}`),
    ),
  )

/** The reference's verdicts on the worlds that are in a folder, by as many processes as it may keep busy. */
async function judgedByReference(names: readonly string[], input: string, output: string): Promise<void> {
  const oracle = join(packageRoot(), 'tests', 'reference', 'oracle.py')
  const shares = Array.from({ length: processes }, (_, share) =>
    names.filter((_name, index) => index % processes === share),
  )
  await Promise.all(
    shares.map((share) => promisify(execFile)(python ?? '', [oracle, input, output, ...share], quietly)),
  )
}

test.skipIf(!python)(
  `${messagesMin} generated and mutated messages end as in the reference`,
  async () => {
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    mkdirSync(input)
    const worlds: World[] = []
    let messages = 0
    for (let seed = firstSeed; messages < messagesMin; seed += 1) {
      const made = await world(seed)
      worlds.push(made)
      messages += made.steps.length - 1
      writeFileSync(join(input, `${made.name}.cesr`), made.stream)
      writeFileSync(join(input, `${made.name}.json`), JSON.stringify({ steps: made.steps }))
    }
    const names = worlds.map(({ name }) => name)
    await judgedByReference(names, input, output)
    const unexplained: string[] = []
    let [lost, mutations] = [0, 0]
    for (const { name, stream, steps, whole } of worlds) {
      const theirs = JSON.parse(readFileSync(join(output, `${name}.json`), 'utf8')) as Vector['expected']
      const seen = steps.map((step, index) => judged(step, theirs.parse?.[index]))
      for (const [index, step] of seen.entries()) {
        if (whole[index] === false) mutations += 1
        if (step === steps[index]) continue
        lost += 1
        if (whole[index] === true) unexplained.push(`seed ${name}: the reference lost message ${index}`)
      }
      const ours = await observe(addon, { steps: seen, cfg: {} }, stream, 'keripy')
      unexplained.push(...differences(ours, theirs).map((line) => `seed ${name}: ${line}`))
    }
    console.log(
      `${messages} messages, ${mutations} of them mutated or in damaged streams; ${lost} that the reference lost in part or whole (rules 14, 15)`,
    )
    expect(unexplained).toEqual([])
  },
  60_000 + messagesMin * msPerMessage,
)
