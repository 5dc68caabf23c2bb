import { Random } from '../../pipeline/sim/random.ts'

/** Ways to damage a message, each of which leaves the messages beside it whole. */
const mutations: readonly ((message: Buffer, random: Random, other: Buffer) => Buffer)[] = [
  // A bit anywhere.
  (message, random) => {
    const changed = Buffer.from(message)
    const at = random.below(changed.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
    return changed
  },
  // Another Base64 character anywhere: it stays what can be read.
  (message, random) => {
    const changed = Buffer.from(message)
    const at = random.below(changed.length)
    changed[at] = random.of([...Buffer.from('ABCDEFabcdef0123456789-_')])
    return changed
  },
  // The end is missing, to the byte or to the quadlet.
  (message, random) => message.subarray(0, random.below(message.length)),
  (message, random) => message.subarray(0, message.length - 4 * random.below(message.length / 4)),
  // A quadlet is missing, or stands there twice.
  (message, random) => {
    const at = random.below(message.length - 4)
    return Buffer.concat([message.subarray(0, at), message.subarray(at + 4)])
  },
  (message, random) => {
    const at = random.below(message.length - 4)
    return Buffer.concat([message.subarray(0, at + 4), message.subarray(at)])
  },
  // The attachments of another message.
  (message, _, other) =>
    Buffer.concat([message.subarray(0, bodyEnd(message)), other.subarray(bodyEnd(other))]),
  // No attachments, or all of them twice.
  (message) => message.subarray(0, bodyEnd(message)),
  (message) => Buffer.concat([message, message.subarray(bodyEnd(message))]),
]

/** Where the body of a version 1 message ends: its version string tells. */
function bodyEnd(message: Buffer): number {
  const size = /KERI10(?:JSON|CBOR|MGPK)([0-9a-f]{6})_/.exec(message.subarray(0, 32).toString('latin1'))?.[1]
  return size === undefined ? message.length : Number.parseInt(size, 16)
}

/** One in so many messages is mutated. */
const mutatedOneIn = 5

/** Messages of which some are mutated. */
export function mutated(messages: readonly Buffer[], seed: number): Buffer[] {
  const random = new Random(seed)
  return messages.map((message) => {
    if (!random.chance(1, mutatedOneIn)) return message
    return random.of(mutations)(message, random, random.of(messages))
  })
}
