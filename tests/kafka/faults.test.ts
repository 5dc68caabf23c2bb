import { describe, expect, test } from 'vitest'

import { canBroker, suiteBroker } from '../support/broker.ts'
import { randomOf } from '../support/cli.ts'
import { Crew, steps, type Fault } from '../support/faults.ts'
import { acceptedOf, Field, generated, type Keyed } from '../support/fleet.ts'
import { until } from '../support/prometheus.ts'
import { toldOf } from '../support/twice.ts'

/** The long job sets both; without, the test is small. */
const aids = Number(process.env['KELPIPE_FAULTS_AIDS'] ?? 300)
const rounds = Number(process.env['KELPIPE_FAULTS_ROUNDS'] ?? 1)
const partitions = 12
const workers = 3
const events = 15
/** One outage of the broker comes in so many faults. */
const faultsPerOutage = 18
/** What the workers may take to read one piece of the messages before the next one comes. */
const pieceMs = 10_000 + aids
/** What it may take until everything is read, and again until everything is the same. */
const patienceMs = 60_000 + aids * 60
/** Of so many events that are there twice all is told. */
const toldMost = 3
/** What it all may take. */
const timeoutMs = 120_000 + rounds * 300_000 + 2 * patienceMs

const shuffled = <Item>(items: readonly Item[], random: () => number): Item[] => {
  const left = [...items]
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as Item)
}

/**
 * Publishes the messages piece by piece, each when the group has read what came before, and goes on with the first ones
 * again until everything that was to happen has. `sent` is told of each piece.
 */
async function feed(
  field: Field,
  messages: readonly Keyed[],
  { pieces, sent, ended }: { pieces: number; sent: (piece: number) => void; ended: () => boolean },
): Promise<void> {
  const size = Math.ceil(messages.length / pieces)
  for (let piece = 0; piece < pieces || !ended(); piece += 1) {
    const at = (piece % pieces) * size
    // Without broker it is sent again, and then some of it twice, as producers do.
    await until(async () => {
      await field.send(messages.slice(at, at + size))
      return true
    })
    sent(piece)
    await until(async () => (piece >= pieces && ended()) || field.hasRead(), pieceMs)
  }
}

/** Faults of which so many as there are workers are armed with each piece of the messages that is sent. */
function armed(faults: readonly Fault[]): { faults: readonly Fault[]; sent: (piece: number) => void } {
  const arms: (() => void)[] = []
  const all = faults.map((fault): Fault => ({
    ...fault,
    armed: new Promise((resolve) => arms.push(resolve)),
  }))
  const sent = (piece: number): void => {
    for (const arm of arms.slice(piece * workers, (piece + 1) * workers)) arm()
  }
  return { faults: all, sent }
}

/** Keeps workers at work until each of the faults has happened; in between, the broker goes and comes back. */
async function suffer(
  crew: Crew,
  faults: readonly Fault[],
  { slots, random, outage }: { slots: number; random: () => number; outage: () => Promise<void> },
): Promise<number> {
  const waiting = [...faults]
  let happened = 0
  const keep = async (slot: number): Promise<void> => {
    let life = 0
    for (let fault = waiting.shift(); fault; fault = waiting.shift()) {
      // Now and then the machine is lost with its disk: what comes in its place has no database.
      if (slots > 1 && random() < 0.2) life += 1
      if (await crew.start(`worker-${slot}-${life}`, fault)) happened += 1
      if (happened % faultsPerOutage === Math.ceil(faultsPerOutage / 2)) await outage()
    }
  }
  await Promise.all(Array.from({ length: slots }, async (_, slot) => keep(slot)))
  return happened
}

describe.skipIf(!canBroker)('faults', () => {
  const kafka = suiteBroker('faults')
  const { folder } = kafka

  /** Lets a crew take in messages while it suffers; resolves to what a reader then finds of each accepted event. */
  async function ordeal(
    name: string,
    messages: readonly Keyed[],
    faults: readonly Fault[],
    replay: boolean,
  ): Promise<{ field: Field; happened: number; found: Map<string, number>; owners: readonly string[] }> {
    const field = await Field.open(kafka.broker.address, folder, name, partitions)
    const crew = new Crew(field, kafka.broker.address, replay)
    const random = randomOf(7)
    let ended = false
    const spread = armed(faults)
    const feeding = feed(field, messages, {
      pieces: Math.ceil(faults.length / workers) + 1,
      sent: spread.sent,
      ended: () => ended,
    })
    const outage = async (): Promise<void> => {
      await kafka.broker.stop('SIGKILL')
      await kafka.broker.run()
    }
    const happened = await suffer(crew, spread.faults, { slots: replay ? workers : 1, random, outage })
    ended = true
    await feeding
    // Those that come last have no faults; one of them is stopped and its partitions go to the others.
    const names = replay ? ['stopped', 'calm-0', 'calm-1', 'calm-2'] : ['worker-0-0']
    const calm = names.map(async (each) => crew.start(each))
    expect(await until(async () => field.hasRead(), patienceMs), 'all is read').toBe(true)
    if (replay) crew.end('stopped')
    const expected = await field.alone(messages)
    let owners: readonly string[] = []
    await until(async () => {
      owners = await crew.owners(names)
      return replay
        ? (await field.digests((partition) => owners[partition] ?? '')).join() === expected.join()
        : true
    }, patienceMs)
    await crew.stop()
    await Promise.all(calm)
    const found = new Map<string, number>()
    for (const { headers } of (await field.records(field.topics.accepted)).flat())
      if (headers['late'] === undefined)
        found.set(headers['said'] ?? '', (found.get(headers['said'] ?? '') ?? 0) + 1)
    return { field, happened, found, owners }
  }

  test(
    'killed at every step, stopped, added, without disk, without broker: the state is that of an undisturbed machine, and every event is there once',
    { timeout: timeoutMs },
    async () => {
      const random = randomOf(3)
      const shapes = ['single', 'multisig', 'delegated']
      const messages = await generated({ aids, events, shapes, interleave: aids, shuffle: 100, seed: 5 })
      const once = shuffled(steps, random).map((step) => ({ step, after: 1 + Math.floor(random() * 4) }))
      const faults = Array.from({ length: rounds }, () => once).flat()
      const { field, happened, found, owners } = await ordeal('all', messages, faults, true)
      const own = new Set(messages.map(({ aid }) => aid)).size
      console.log(`${messages.length} events of ${own} AIDs, ${happened} faults`)
      expect(happened).toBe(faults.length)
      expect(await field.digests((partition) => owners[partition] ?? '')).toEqual(await field.alone(messages))
      const accepted = await acceptedOf(messages)
      expect([...found.keys()].filter((said) => !accepted.has(said))).toEqual([])
      expect([...accepted].filter((said) => !found.has(said))).toEqual([])
      const twice = [...found].flatMap(([said, times]) => (times > 1 ? [said] : []))
      if (twice.length > 0) console.log(await toldOf(field, kafka.broker.address, twice.slice(0, toldMost)))
      expect(twice).toEqual([])
      await field.client.close()
    },
  )

  // So that the test above is known to be able to fail. One worker with one disk: nobody else makes the state anew.
  test('with the replay of the outbox switched off, events are missing', { timeout: timeoutMs }, async () => {
    const messages = await generated({ aids: 100, events, interleave: 100, seed: 6 })
    const faults = Array.from({ length: 3 }, () => ({ step: 'after flush', after: 2 }))
    const { field, found } = await ordeal('off', messages, faults, false)
    const accepted = await acceptedOf(messages)
    expect([...accepted].filter((said) => !found.has(said)).length).toBeGreaterThan(0)
    await field.client.close()
  })
})
