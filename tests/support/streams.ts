import { kel, stream } from '../boundary/kel.ts'
import { randomOf } from './cli.ts'

/** A stream of whole logs, one after the other, all of which are accepted as they come. */
export const plainStream = (aids: number, events: number): Uint8Array =>
  stream(Array.from({ length: aids }, (_, seed) => kel(seed, events).messages).flat())

/** The same events in an order in which many come too early, wait, and are woken; all are accepted in the end. */
export function shuffledStream(aids: number, events: number, seed: number): Uint8Array {
  const random = randomOf(seed)
  const messages = Array.from({ length: aids }, (_, aid) => kel(aid, events).messages).flat()
  const placed = messages.map((message) => ({ message, place: random() }))
  return stream(placed.toSorted((a, b) => a.place - b.place).map(({ message }) => message))
}
