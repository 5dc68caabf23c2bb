import { setTimeout } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import type { Client } from '../../pipeline/kafka/client/client.ts'
import type { PartitionStatus } from '../../pipeline/kafka/partition.ts'
import { limits } from '../../pipeline/limits.ts'
import { canBroker } from '../support/broker.ts'
import { eventsOf, reached, suiteFields } from '../support/fields.ts'
import { generated } from '../support/fleet.ts'

/** For how long a sink stands still: longer than the group keeps a silent member. The long job holds for minutes. */
const heldSeconds = Number(process.env['KELPIPE_SLOW_SINK_SECONDS'] ?? 5)

/**
 * Who was held for long goes on at this part, at least, of the speed of who was held for a moment. The machine has other
 * work too; one pause between tries of seconds would be seen.
 */
const speedLeast = 0.25

/** Lets transactions begin, but the first of a partition, by which it is taken over, only while it is open. */
class Gate {
  #open = Promise.resolve()
  #release = (): void => undefined

  close(): void {
    this.#open = new Promise((resolve) => (this.#release = resolve))
  }

  open(): void {
    this.#release()
  }

  before(client: Client): Client {
    return {
      ...client,
      transactional: async (id) => {
        const producer = await client.transactional(id)
        let begun = 0
        const begin = async (): Promise<void> => {
          begun += 1
          if (begun > 1) await this.#open
          await producer.begin()
        }
        return { ...producer, begin }
      },
    }
  }
}

/** Records of at least so many bytes are read. */
const recordBytesLeast = 100
const small = { ...limits, kafkaUnsentBytes: 300_000, kafkaBatchBytes: 100_000 }
/** What is read on when a sink stands still: the batches that may be under way. */
const mostRead = BigInt((small.kafkaCredits * small.kafkaBatchBytes) / recordBytesLeast)

describe.skipIf(!canBroker)('a slow sink', () => {
  const within = suiteFields('slow')

  // Goal: a sink that takes nothing costs no memory and no membership, and leaves no trace. Method: hold every transaction,
  // with more to read than may be under way, then let go and see how fast that is worked off: for longer than a silent
  // member is kept, and before and after that for a moment. The first time is not counted.
  test(
    'a sink that stands still holds the source and nothing else, and then all goes on at full speed',
    { timeout: 240_000 + 2_000 * heldSeconds },
    async () =>
      within('slow', 2, async (field) => {
        const gate = new Gate()
        const running = await field.worker('a', { limits: small, client: gate.before(field.client) })
        const { worker } = running
        const statuses = (): PartitionStatus[] => [...worker.status.partitions.values()]
        await reached(async () => statuses().length === 2 && running.ready())
        const full = async (): Promise<boolean> =>
          statuses().every(({ unsent }) => unsent.bytes > small.kafkaUnsentBytes)
        let sent = 0
        /** Holds what comes; resolves to the events a second that are published when it is let go. */
        const round = async (seed: number, held: () => Promise<void>): Promise<number> => {
          const messages = await generated({ aids: 60, events: 120, interleave: 60, seed })
          gate.close()
          await field.send(messages)
          await reached(full)
          await held()
          const released = performance.now()
          gate.open()
          await reached(async () => field.hasRead())
          sent += messages.length
          return (messages.length / (performance.now() - released)) * 1000
        }
        const stand = async (): Promise<void> => {
          const begun = statuses()
          const before = process.memoryUsage.rss()
          await setTimeout(heldSeconds * 1000)
          const grown = process.memoryUsage.rss() - before
          console.log(`held for ${heldSeconds} s: ${grown >> 10} KiB more`)
          expect(grown).toBeLessThan(64 * 2 ** 20)
          for (const [index, status] of statuses().entries()) {
            expect(status.read.offset - (begun[index]?.read.offset ?? 0n)).toBeLessThan(mostRead)
            expect(status.unsent.bytes).toBeLessThan(small.kafkaUnsentBytes * 4)
            expect(status.published).toBe(begun[index]?.published)
          }
        }
        await round(1, async () => undefined)
        const before = await round(2, async () => undefined)
        const held = await round(3, stand)
        const after = await round(4, async () => undefined)
        console.log([before, held, after].map((rate) => `${Math.round(rate)} events/s`).join(', '))
        expect(held / Math.min(before, after)).toBeGreaterThan(speedLeast)
        expect(worker.status.rebalances).toBe(1)
        expect(worker.status.restarts).toBe(0)
        await running.stop()
        expect(eventsOf(await field.records(field.topics.accepted)).length).toBe(sent)
      }),
  )
})
