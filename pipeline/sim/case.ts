import { shapeNames, wireNames, type GeneratorPlan } from '../../native/generator.ts'
import { Random } from './random.ts'

/** What is simulated: what is sent, and what happens to the pipeline meanwhile. All of it follows from a seed. */
export interface Case {
  readonly seed: number
  readonly plan: Required<Pick<GeneratorPlan, 'aids' | 'events' | 'shapes' | 'wires'>> & GeneratorPlan
  /** Largest piece that the source gives at a time. */
  readonly chunkBytesMax: number
  /** Bytes of the stream that are changed. */
  readonly flips: number
  /** How often the store fails, and the process with it. */
  readonly crashes: number
  /** Parts that may wait for their flush while later ones are settled. */
  readonly partsInFlight: number
  /** The engine's cache, and retries in one part before it is cut: small ones make it read and come back often. */
  readonly cacheBytes: number
  readonly wakesPerPartMax: number
  /** Every message in a transaction of its own. */
  readonly commit: 'group' | 'each'
}

/** Shapes whose outcome depends on what comes first: two signed events for one place, or one that must be refused. */
const forks: ReadonlySet<string> = new Set(['recovered', 'duplicitous', 'refused', 'waiting'])
/** Wires that the engine reads. */
const wires = wireNames.filter((name) => !name.startsWith('v2-native'))
/** A delegated rotation that comes again is taken for one that supersedes itself. */
const onceOnly = 'delegated'

const millionths = 1e6

/** The case of a seed. */
export function caseOf(seed: number): Case {
  const random = new Random(seed)
  const version = random.of(['v1', 'v2', 'v'])
  const duplicate = random.chance(1, 3) ? random.below(millionths / 5) : 0
  const shapes = some(
    random,
    shapeNames.filter((name) => duplicate === 0 || name !== onceOnly),
  )
  return {
    seed,
    plan: {
      seed,
      aids: 1 + random.below(6),
      events: 2 + random.below(10),
      shapes,
      wires: some(
        random,
        wires.filter((name) => name.startsWith(version)),
      ),
      interleave: 1 + random.below(4),
      shuffle: random.chance(1, 2) ? 1 + random.below(20) : 1,
      drop: random.chance(1, 3) ? random.below(millionths / 20) : 0,
      duplicate,
      corrupt: random.chance(1, 3) ? random.below(millionths / 10) : 0,
    },
    chunkBytesMax: random.of([1, 7, 64, 500, 4000, 100_000]),
    flips: random.chance(1, 6) ? 1 + random.below(4) : 0,
    crashes: random.chance(1, 2) ? 1 + random.below(4) : 0,
    partsInFlight: 1 + random.below(4),
    cacheBytes: random.of([0, 1000, 20_000, 1_000_000]),
    wakesPerPartMax: random.of([1, 2, 7, 4096]),
    commit: random.of(['group', 'each']),
  }
}

/** One to three of a list. */
const some = (random: Random, list: readonly string[]): string[] =>
  random.shuffled(list).slice(0, 1 + random.below(3))

/** Whether every order of the messages must come to the same key states: nothing is lost, nothing forks. */
export const isOrderless = ({ plan, flips }: Case): boolean =>
  flips === 0 &&
  (plan.drop ?? 0) === 0 &&
  (plan.corrupt ?? 0) === 0 &&
  !plan.shapes.some((shape) => forks.has(shape)) &&
  new Set(plan.wires.map((name) => name.slice(0, 2))).size === 1
