import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { beforeAll, describe, expect, test } from 'vitest'

import { loadAddon, type Addon } from '../../native/addon.ts'
import { packageRoot } from '../../native/root.ts'
import { attached, sorted } from './compare.ts'
import { observe } from './observe.ts'
import type { Escrows, Observation, StepResult, Vector } from './vector.ts'

/** The escrow tables of key events, receipts and queries. */
const tables = [
  'ooes',
  'pses',
  'pwes',
  'pdes',
  'udes',
  'dees',
  'mfes',
  'uwes',
  'ures',
  'vres',
  'ldes',
  'qnfs',
]
const here = join(packageRoot(), 'tests', 'parity', 'fixtures')
const vectors = process.env['KELPIPE_VECTORS']
const folders = [...(vectors ? [join(vectors, 'keripy'), join(vectors, 'keripy-tests')] : []), here]

interface Recorded {
  readonly name: string
  readonly vector: Vector
  readonly stream: Uint8Array
}

function* recorded(): Generator<Recorded> {
  for (const folder of folders) {
    const files = readdirSync(folder)
    for (const file of files.filter((name) => name.endsWith('.json')).toSorted()) {
      const name = file.slice(0, -'.json'.length)
      if (!files.includes(`${name}.cesr`)) continue
      const vector = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Vector
      yield { name, vector, stream: readFileSync(join(folder, `${name}.cesr`)) }
    }
  }
}

/** Whether the reference threw bytes away, waited for ever or hung: then it lost messages that are judged here. */
const lostMessages = ({ oracle, expected }: Vector): boolean => {
  const head = oracle.startsWith('2')
  return (expected.parse ?? []).some(
    ({ errors = [], stalled, livelock, hang }) =>
      stalled === true ||
      livelock === true ||
      hang === true ||
      errors.some(({ flush }) => flush === true || head),
  )
}

/** A row as text. Some of the head's event escrows are recorded with the SAID a second time. */
function rowText(row: Record<string, unknown>): string {
  const { val, ...rest } = row
  const shown = val === row['said'] ? rest : row
  return JSON.stringify(shown, Object.keys(shown).toSorted())
}

const rows = (escrows: Escrows): unknown =>
  Object.fromEntries(
    tables
      .filter((table) => (escrows[table] ?? []).length > 0)
      .map((table) => [table, (escrows[table] ?? []).map(rowText).toSorted()]),
  )

/**
 * The first step after which something else holds than is recorded. Steps that changed nothing are not recorded, nor is
 * the last one, after which the stream's end holds.
 */
function firstStepApart(ours: Observation, { snapshots = [] }: Observation): number | undefined {
  if (snapshots.length === 0) return undefined
  const short = ({ keyStates, fels, escrows }: StepResult): string =>
    JSON.stringify(sorted({ keyStates, fels, escrows: rows(escrows) }))
  return ours.snapshots?.slice(0, -1).find((step) => {
    const then = snapshots.findLast(({ afterStep }) => afterStep <= step.afterStep)
    return then !== undefined && short(step) !== short(then)
  })?.afterStep
}

/** Every event that the reference accepted is accepted here, at the same place, and what is attached there is here, too. */
const holdsAll = (ours: Observation, theirs: Observation): boolean => {
  const held = new Set(attached(ours))
  return (
    Object.entries(theirs.kels).every(([aid, kel]) =>
      Object.entries(kel).every(([sn, saids]) => saids.every((said) => ours.kels[aid]?.[sn]?.includes(said))),
    ) && attached(theirs).every((one) => held.has(one))
  )
}

/** The reference's own tests put receipts of their own into the database, beside those that their streams bring. */
const hasOwnReceipts = (name: string): boolean => /^k(?:1117|head)\./u.test(name)

/** In what a stream's end differs from what is recorded. */
function differences(ours: Observation, theirs: Observation): string[] {
  const aspects: Record<string, (of: Observation) => unknown> = {
    state: ({ keyStates, kels, fels }) => sorted({ keyStates, kels, fels }),
    escrows: ({ escrows }) => rows(escrows),
    attachments: attached,
  }
  return Object.entries(aspects)
    .filter(([, of]) => JSON.stringify(of(ours)) !== JSON.stringify(of(theirs)))
    .map(([name]) => name)
}

/** Names, with * for any text, that docs/divergences.md explains for the mode `keripy`. */
function explained(): RegExp[] {
  const text = readFileSync(join(packageRoot(), 'docs', 'divergences.md'), 'utf8')
  const globs = text
    .split('\n')
    .filter((line) => line.startsWith('|') && line.includes('keripy'))
    .flatMap((line) =>
      Array.from(line.matchAll(/`([a-z0-9_.*-]+\.[a-z0-9_.*-]+)`/giu), ([, glob = '']) => glob),
    )
  return globs.map((glob) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 'u'))
}

describe('the verdicts of the reference, in mode keripy', () => {
  let addon: Addon
  beforeAll(() => {
    addon = loadAddon()
    if (!vectors)
      console.log(`KELPIPE_VECTORS is not set: only the committed selection of recorded streams runs`)
  })

  test(
    'each recorded stream is in the recorded state after each step, or a rule says why not',
    { timeout: 300_000 },
    async () => {
      const rules = explained()
      const unexplained: string[] = []
      let equal = 0
      for (const { name, vector, stream } of recorded()) {
        const { expected } = vector
        const ours = await observe(addon, { steps: vector.steps, cfg: vector.cfg ?? {} }, stream, 'keripy')
        const apart = firstStepApart(ours, expected)
        const found = differences(ours, expected).filter(
          (aspect) => aspect !== 'attachments' || !hasOwnReceipts(name),
        )
        if (apart !== undefined) found.push(`after step ${apart}`)
        if (found.length === 0) equal += 1
        else if (
          !(lostMessages(vector) && holdsAll(ours, expected)) &&
          !rules.some((rule) => rule.test(name))
        )
          unexplained.push(`${name} (${vector.description ?? ''}): ${found.join(', ')}`)
      }
      expect(unexplained).toEqual([])
      expect(equal).toBeGreaterThan(vectors ? 1100 : 80)
    },
  )
})
