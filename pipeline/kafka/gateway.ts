import { setTimeout } from 'node:timers/promises'

import { concatMap, lastValueFrom, map } from 'rxjs'

import type { Framer } from '../../native/engine.ts'
import type { Tool } from '../../native/tools.ts'
import type { Frames } from '../../operators/flow.ts'
import { reasonOf } from '../errors.ts'
import { framed } from '../framed.ts'
import type { Limits } from '../limits.ts'
import { once, type Source } from '../sources/source.ts'
import type { Client, OutRecord, Producer } from './client/client.ts'
import { packed } from './client/packed.ts'
import { cutHeader } from './dead.ts'
import { requests } from './delivery.ts'
import { partitionOf } from './murmur2.ts'

export interface GatewayOptions {
  readonly client: Client
  readonly sources: readonly Source[]
  readonly framer: () => Framer
  /** A new one that takes whole messages apart by AID (`split-aid`). */
  readonly splitter: () => Tool
  readonly limits: Limits
  /** The topic that messages go to, how many partitions it has, and where goes what is no message. */
  readonly topic: string
  readonly partitions: number
  readonly deadLetters: string
  /** Told of a batch when the brokers have it. */
  readonly sent: (frames: Frames, records: readonly OutRecord[]) => void
  readonly signal: AbortSignal
  readonly note: (text: string) => void
}

/**
 * Sends what sources bring to the input of a fleet: whole messages, keyed by AID, those of one AID together and in order.
 * It judges nothing. A batch is acknowledged when all replicas have it; after a failure some of it may come twice, which
 * changes nothing for workers. Resolves when the sources have ended.
 */
export async function gateway(options: GatewayOptions): Promise<void> {
  const { client, sources, framer, limits, signal, note } = options
  const sender = new Sender(options, await client.producer())
  try {
    const batches = framed(sources, framer, once(limits, signal, note)).pipe(
      map((frames) => ({ frames, records: recordsOf(frames, options) })),
      concatMap(async ({ frames, records }) => {
        const made = await records
        await sender.send(made)
        options.sent(frames, made)
        frames.ack()
      }),
    )
    await lastValueFrom(batches, { defaultValue: undefined })
  } finally {
    await sender.close()
  }
}

/** Sends again what brokers did not take, until they do; once the gateway is told to stop, it does not wait for them. */
class Sender {
  readonly #options: GatewayOptions
  #producer: Producer

  constructor(options: GatewayOptions, producer: Producer) {
    this.#options = options
    this.#producer = producer
  }

  async send(records: readonly OutRecord[]): Promise<void> {
    const { client, limits, signal, note } = this.#options
    const sets = packed(records, limits.kafkaRequestBytes)
    for (let pause = limits.kafkaRetryMs; ; pause = Math.min(limits.kafkaRetryMsMax, pause * 2))
      try {
        for (const request of requests(sets, () => limits.kafkaRequestBytes))
          await this.#producer.send(request)
        return
      } catch (error) {
        if (signal.aborted) throw error
        note(`the brokers do not take what came: ${reasonOf(error)}; trying again`)
        await setTimeout(pause)
        await this.close()
        this.#producer = await client.producer().catch(() => this.#producer)
      }
  }

  async close(): Promise<void> {
    await this.#producer.close().catch(() => undefined)
  }
}

/** The records that a batch leads to. */
async function recordsOf(frames: Frames, options: GatewayOptions): Promise<OutRecord[]> {
  const { topic, partitions, limits, splitter } = options
  const { source, spans, origin, at } = frames
  const letter = letterOf(frames, options)
  const records: OutRecord[] = []
  if (spans.length > 0) {
    const start = spans[0] ?? 0
    const window = source.subarray(start, spans.at(-2) ?? start)
    const { pieces, consumed, problem } = await splitter().next(window, true)
    for (const { aid, bytes } of together(pieces, limits.kafkaRecordBytes)) {
      if (aid === undefined)
        records.push(letter(bytes, 'record/keyed', `a message of ${origin.name} has no AID to be keyed by`))
      else if (bytes.length + aid.length > limits.kafkaRecordBytes)
        records.push(letter(bytes, 'record/oversized', 'the message is more than limits.kafkaRecordBytes'))
      else {
        const partition = partitionOf(Buffer.from(aid, 'latin1'), partitions)
        records.push({ topic, partition, key: aid, value: bytes, headers: {} })
      }
    }
    if (problem !== undefined) records.push(letter(window.subarray(consumed), codeOf(problem), problem))
  }
  for (const { code, offset, bytes, message } of frames.faults) {
    const from = Number(offset) - at
    records.push(letter(source.subarray(from, from + Number(bytes)), code, message, `${offset}`))
  }
  return records
}

/** The code that a problem begins with. */
const codeOf = (problem: string): string => /^cesr\/[a-z-]+/.exec(problem)?.[0] ?? 'cesr/truncated'

/** Makes dead letters of a batch, as far as there is room. */
const letterOf =
  ({ origin }: Frames, { deadLetters, limits }: GatewayOptions) =>
  (bytes: Uint8Array, reason: string, message: string, at?: string): OutRecord => ({
    topic: deadLetters,
    partition: 0,
    key: undefined,
    value: bytes.subarray(0, limits.kafkaRecordBytes),
    headers: {
      reason,
      message,
      source: origin.name,
      ...(at !== undefined && { at }),
      ...(bytes.length > limits.kafkaRecordBytes && {
        [cutHeader]: `${bytes.length - limits.kafkaRecordBytes}`,
      }),
    },
  })

interface Piece {
  readonly aid: string | undefined
  readonly bytes: Uint8Array
}

/** Messages of one AID behind each other, as far as they fit into one record; in the order of the first of each. */
function together(pieces: readonly Piece[], bytesMax: number): Piece[] {
  const done: { aid: string | undefined; parts: Uint8Array[]; bytes: number }[] = []
  const open = new Map<string, (typeof done)[number]>()
  for (const { aid, bytes } of pieces) {
    const last = aid === undefined ? undefined : open.get(aid)
    if (last && last.bytes + bytes.length + (aid?.length ?? 0) <= bytesMax) {
      last.parts.push(bytes)
      last.bytes += bytes.length
      continue
    }
    const fresh = { aid, parts: [bytes], bytes: bytes.length }
    done.push(fresh)
    if (aid !== undefined) open.set(aid, fresh)
  }
  return done.map(({ aid, parts }) => ({
    aid,
    bytes: parts.length === 1 ? (parts[0] ?? new Uint8Array(0)) : Buffer.concat(parts),
  }))
}
