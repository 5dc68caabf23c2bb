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

/** Whose key state depends on what comes first: it makes two signed events for one place. */
const forking = 'duplicitous'
/** Its events behind a recovery are refused where they come before it, and have to come again. */
const recovering = 'recovered'

const millionths = 1e6
/** More messages than a case has: every order is drawn. */
const anyOrder = 1000

/** The case of a seed. */
export function caseOf(seed: number): Case {
  const random = new Random(seed)
  const large = random.chance(1, 10)
  const version = random.of(['v1', 'v2', 'v'])
  return {
    seed,
    plan: {
      seed,
      aids: 1 + random.below(large ? 8 : 4),
      events: 2 + random.below(large ? 16 : 7),
      shapes: some(random, shapeNames),
      wires: some(
        random,
        wireNames.filter((name) => name.startsWith(version)),
      ),
      interleave: 1 + random.below(4),
      shuffle: random.of([1, 1 + random.below(20), anyOrder]),
      drop: random.chance(1, 3) ? random.below(millionths / 20) : 0,
      duplicate: random.chance(1, 3) ? random.below(millionths / 5) : 0,
      corrupt: random.chance(1, 3) ? random.below(millionths / 10) : 0,
    },
    chunkBytesMax: random.of([500, 4000, 100_000]),
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

/** Whether all messages arrive as they were made, so that they can be sent in any other order. */
export const isWhole = ({ plan, flips }: Case): boolean =>
  flips === 0 &&
  (plan.drop ?? 0) === 0 &&
  (plan.corrupt ?? 0) === 0 &&
  new Set(plan.wires.map((name) => name.slice(0, 2))).size === 1

/** Whether it takes a second sending for every order to come to the same key states. */
export const needsResending = ({ plan }: Case): boolean => plan.shapes.includes(recovering)

/** Whether nothing forks, so that every order of the messages must come to the same key states. */
export const isOrderless = ({ plan }: Case): boolean => !plan.shapes.includes(forking)
