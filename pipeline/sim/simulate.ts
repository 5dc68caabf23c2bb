import type { Addon } from '../../native/addon.ts'
import type { EngineOptions } from '../../native/engine.ts'
import { generate, type GeneratorPlan } from '../../native/generator.ts'
import { Tally } from '../../operators/meter.ts'
import { limits } from '../limits.ts'
import { Pace } from '../pace.ts'
import { run } from '../run.ts'
import { MemoryStore } from '../store/memory.ts'
import { readMeta, type Store } from '../store/store.ts'
import { isOrderless, isWhole, needsResending, type Case } from './case.ts'
import { forkFaults } from './forks.ts'
import { differences, digestOf, heldByStore, heldByTruth, rowsOf, type Row, type Stored } from './held.ts'
import { Random } from './random.ts'
import { Schedule, scheduled } from './schedule.ts'
import { simulatedSource } from './source.ts'
import { Crash, CrashingStore } from './store.ts'

/** When every run begins: 2024-06-01T00:00:00Z. */
const startMs = 1_717_200_000_000
/** Most by which the clock moves between two looks at it. Nothing may time out. */
const tickMsMax = 50
const pieceBytes = 1 << 20
/** Steps of the store before a crash, at most. */
const stepsMax = [10, 60, 400]
/** What the memory store may hold. */
const storeBytesMax = 64 << 20

/** What went wrong in a case, in words; nothing if nothing did. */
export async function simulate(addon: Addon, simulated: Case): Promise<string[]> {
  const { stream, messages, rows } = await made(simulated.plan)
  const sent = flipped(stream, simulated)
  const plain = await outcome(addon, sent, { ...simulated, crashes: 0, chunkBytesMax: Infinity })
  const troubled = await outcome(addon, sent, simulated)
  const held = heldByStore(addon, troubled)
  const found = differences(
    'chunks and crashes change the outcome',
    new Set([digestOf(addon, plain)]),
    new Set([digestOf(addon, troubled)]),
  )
  if (simulated.flips === 0) {
    const wanted = heldByTruth(rows)
    for (const what of ['states', 'waiting', 'superseded'] as const)
      found.push(...differences(what, wanted[what], held[what]))
  }
  if (isWhole(simulated)) {
    found.push(...forkFaults(rows, messages, held))
    const shuffled = new Random(simulated.seed + 2).shuffled(messages)
    const heldAfter = async (some: readonly Uint8Array[]): Promise<Stored> =>
      heldByStore(addon, await outcome(addon, Buffer.concat(some), simulated))
    const other = await heldAfter(shuffled)
    found.push(...forkFaults(rows, shuffled, other))
    if (isOrderless(simulated)) {
      const inOrder = await made({ ...simulated.plan, shuffle: 1 })
      const { states } = needsResending(simulated)
        ? await heldAfter([...shuffled, ...inOrder.messages])
        : other
      const wanted = heldByTruth(inOrder.rows).states
      found.push(...differences('another order comes to other key states', wanted, states))
    }
  }
  return found
}

interface Made {
  readonly stream: Uint8Array
  readonly messages: readonly Uint8Array[]
  readonly rows: readonly Row[]
}

async function made(plan: GeneratorPlan): Promise<Made> {
  const parts: Uint8Array[] = []
  const ends: number[] = []
  let [truth, start] = ['', 0]
  for await (const piece of generate(plan, pieceBytes)) {
    const at = start
    ends.push(...Array.from(piece.ends, (end) => at + end))
    parts.push(piece.stream)
    start += piece.stream.length
    truth += piece.truth
  }
  const stream = Buffer.concat(parts)
  const messages = ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end))
  return { stream, messages, rows: rowsOf(truth) }
}

/** The stream with some of its bits changed. */
function flipped(stream: Uint8Array, { seed, flips }: Case): Uint8Array {
  const random = new Random(seed + 1)
  const changed = Uint8Array.from(stream)
  for (let flip = 0; flip < flips && changed.length > 0; flip += 1) {
    const at = random.below(changed.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
  }
  return changed
}

/** Sends a stream through the pipeline, which is started anew after each crash; the store as it is in the end. */
async function outcome(addon: Addon, stream: Uint8Array, simulated: Case): Promise<Store> {
  const random = new Random(simulated.seed + 3)
  const store = new MemoryStore(storeBytesMax)
  for (let crashes = simulated.crashes; ; crashes -= 1) {
    const schedule = new Schedule(random)
    const steps = crashes > 0 ? random.below(random.of(stepsMax)) : Infinity
    try {
      await pipeline(addon, new CrashingStore(store, steps, schedule), stream, simulated, random, schedule)
      return store
    } catch (error) {
      if (!(error instanceof Crash)) throw error
    } finally {
      schedule.stop()
    }
  }
}

async function pipeline(
  addon: Addon,
  store: Store,
  stream: Uint8Array,
  simulated: Case,
  random: Random,
  schedule: Schedule,
): Promise<void> {
  const rules = rulesOf(simulated)
  const size = (): number =>
    simulated.chunkBytesMax === Infinity ? stream.length : random.sized(simulated.chunkBytesMax)
  const engine = addon.engine(rules)
  engine.open(readMeta(store, 'ordinal') ?? null)
  let nowMs = startMs
  try {
    await run({
      sources: [simulatedSource(stream, size)],
      store,
      engine: scheduled(engine, schedule),
      framer: () => addon.framer(rules),
      sinks: [],
      tally: new Tally(),
      commit: simulated.commit,
      limits: { ...limits, partsInFlight: simulated.partsInFlight },
      pace: new Pace(limits),
      machineMs: () => (nowMs += random.below(tickMsMax)),
      signal: new AbortController().signal,
      note: () => undefined,
    })
  } finally {
    engine.close()
  }
}

const rulesOf = ({ cacheBytes, wakesPerPartMax }: Case): EngineOptions => ({
  mode: 'hardened',
  rulesOff: [],
  rulesOn: [],
  own: [],
  lax: false,
  local: false,
  cloned: false,
  holdWakes: false,
  cacheBytes,
  threads: 1,
  limits: { wakesPerPartMax },
})
