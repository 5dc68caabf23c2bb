import { createRequire } from 'node:module'

import type * as Kafkajs from 'kafkajs'

import { reasonOf } from '../../../errors.ts'
import { Answers } from './answers.ts'
import { decodeBatches, FetchedBatch } from './fetched.ts'
import { produceRequest, type Messages, type Produce } from './produce.ts'
import type { SetMessage } from './producer.ts'

const require = createRequire(import.meta.url)

/** The release whose parts are known well enough to put others in their place. */
const known = '2.2.4'

/** Puts something else in the place of what a file of kafkajs exports, before any other one asks for it. */
function replace<Export>(file: string, by: (original: Export) => Export): void {
  const path = require.resolve(`kafkajs/src/${file}`)
  const original = require(path) as Export
  const cached = require.cache[path]
  if (cached) cached.exports = by(original)
}

interface Coordinated {
  readonly groupId: string
  readonly coordinatorType?: number
}

interface Broker {
  isConnected(): boolean
}

/** The brokers of one client: each producer has one of its own. */
declare class Cluster {
  constructor(...options: unknown[])
  findGroupCoordinator(asked: Coordinated): Promise<Broker>
}

/** For how long a broker that coordinates something is asked without asking again which it is. */
const coordinatorMs = 1_000

/** Requests that wait for their turn on a connection. */
declare class RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
}

/** A connection to a broker. While it lets itself in, `authHandlers` are there. */
declare class Connection {
  constructor(...options: unknown[])
  readonly authHandlers: { onSuccess(answer: Buffer): void } | null
  readonly requestQueue: { fulfillRequest(answer: Answer): void }
  readonly socket: { destroy(error: Error): void }
  processData(chunk: Buffer): void
}

interface Answer {
  readonly size: number
  readonly correlationId: number
  readonly payload: Buffer
}

/** Where the number of the request stands in an answer, and what it is about. */
const [correlationAt, payloadAt] = [4, 8]

type ProduceRequest = (produce: Produce) => object

/** Makes the bytes of a request; `produce` stands in those to produce, instead of how kafkajs would encode them. */
type CreateRequest = (asked: {
  readonly correlationId: number
  readonly clientId: string
  readonly request: { readonly apiKey: number; readonly apiVersion: number; readonly produce?: Produce }
}) => Promise<{ readonly buffer: Buffer }>

interface Grouping {
  readonly messages: readonly SetMessage[]
}

/** Sets by partition, which we always name. kafkajs asks for nothing but their number of records. */
function grouped({ messages }: Grouping): Record<number, Messages> {
  const groups: Record<number, Messages> = {}
  for (const { set, lent } of messages) {
    const { length, sets } = groups[set.partition] ?? { length: 0, sets: [] }
    groups[set.partition] = { length: length + set.count, sets: [...sets, set], lent }
  }
  return groups
}

const { version } = require('kafkajs/package.json') as { version: string }
if (version !== known) throw new Error(`kafkajs ${known} is needed, and ${version} is here`)
replace<typeof grouped>('producer/groupMessagesPerPartition.js', () => grouped)
// It makes a buffer for each field of each record, and copies requests twice; ours come as bytes already.
replace<ProduceRequest>('protocol/requests/produce/v3/request.js', (original) => (produce) => ({
  ...original(produce),
  produce,
}))
replace<CreateRequest>('protocol/request.js', (original) => async (asked) => {
  const { request, correlationId, clientId } = asked
  if (!request.produce) return original(asked)
  return { buffer: produceRequest({ ...request, correlationId, clientId }, request.produce, Date.now()) }
})
// Of what it fetches it makes half a dozen objects a record, and hands over records of aborted transactions.
replace<typeof decodeBatches>('protocol/requests/fetch/v4/decodeMessages.js', () => decodeBatches)
// It copies all that comes in twice, and what is large several times; of what a lost socket left unfinished it takes the next
// one's bytes for the rest.
replace<typeof Connection>(
  'network/connection.js',
  (original) =>
    class extends original {
      #answers = new Answers()
      #from: object | undefined

      override processData(chunk: Buffer): void {
        if (this.#from !== this.socket) this.#answers = new Answers()
        this.#from = this.socket
        try {
          for (const answer of this.#answers.take(chunk)) this.#answered(answer)
        } catch (error) {
          this.socket.destroy(new Error(reasonOf(error), { cause: error }))
        }
      }

      #answered(answer: Buffer): void {
        if (this.authHandlers) this.authHandlers.onSuccess(answer)
        else
          this.requestQueue.fulfillRequest({
            size: answer.length - correlationAt,
            correlationId: answer.readInt32BE(correlationAt),
            payload: answer.subarray(payloadAt),
          })
      }
    },
)
// It looks every millisecond whether requests wait, on each connection, be there any or not.
replace<typeof RequestQueue>(
  'network/requestQueue/index.js',
  (original) =>
    class extends original {
      override scheduleCheckPendingRequests(): void {
        if (this.pending.length > 0) super.scheduleCheckPendingRequests()
      }
    },
)
// It asks who coordinates a group or a transaction for each step of each transaction.
replace<typeof Cluster>(
  'cluster/index.js',
  (original) =>
    class extends original {
      readonly #found = new Map<string, { readonly untilMs: number; readonly broker: Broker }>()

      override async findGroupCoordinator(asked: Coordinated): Promise<Broker> {
        const name = `${asked.coordinatorType ?? 0} ${asked.groupId}`
        const found = this.#found.get(name)
        if (found && performance.now() < found.untilMs && found.broker.isConnected()) return found.broker
        const broker = await super.findGroupCoordinator(asked)
        this.#found.set(name, { untilMs: performance.now() + coordinatorMs, broker })
        return broker
      }
    },
)
replace<typeof FetchedBatch>('consumer/batch.js', () => FetchedBatch)

/** kafkajs, with its slowest parts and a faulty one replaced. Nothing else here imports it otherwise than for its types. */
export const kafkajs: typeof Kafkajs = require('kafkajs') as typeof Kafkajs
