import { aidBytes, replayAccepted } from '../replay.ts'
import { bytesText, textBytes } from '../text.ts'
import type { OutRecord } from './client/client.ts'
import { unpacked } from './client/packed.ts'
import { partitionOf } from './murmur2.ts'
import { isOwn, type OutputContext } from './context.ts'
import type { UnderWay } from './outputs.ts'
import type { Refused } from './taken.ts'

/** An AID of any code; less would stand for many. */
const aidPattern = /^[A-Za-z0-9_-]{44,128}$/

const wantedPrefix = 'kafka/wanted/'
const askedPrefix = 'kafka/asked/'

const nobody: OutRecord[] = []

/** The header that tells what a record of the exchange is. */
export const kindHeader = 'kind'

/**
 * Events reach other partitions where something waits for them. A partition with an entry that awaits the log of an AID
 * of another one says so; from then on the owner of that AID sends its log there, and all that is added to it. There it is
 * verified like any other, so that no worker has to believe another one (docs/adr/0004).
 */
export class Exchange {
  readonly #context: OutputContext
  /** Who wants the log of an AID of ours. */
  readonly #wanted = new Map<string, Set<number>>()
  /** Whose log we asked for. */
  readonly #asked = new Set<string>()
  readonly #new: (readonly [name: string, value: Uint8Array])[] = []

  constructor(context: OutputContext) {
    this.#context = context
    for (const { key, value } of context.store.scan('meta', { prefix: textBytes(wantedPrefix) }))
      this.#wanted.set(
        bytesText(key).slice(wantedPrefix.length),
        new Set(JSON.parse(bytesText(value)) as number[]),
      )
    for (const { key } of context.store.scan('meta', { prefix: textBytes(askedPrefix) }))
      this.#asked.add(bytesText(key).slice(askedPrefix.length))
  }

  /** `meta` records of what is new since the last call. */
  records(): readonly (readonly [name: string, value: Uint8Array])[] {
    return this.#new.splice(0)
  }

  /** Says that something here awaits the logs of these AIDs, as far as they are others' and it was not said before. */
  interests(aids: readonly string[]): OutRecord[] {
    if (!this.#context.keyed) return []
    const fresh = aids.filter((aid) => !this.#asked.has(aid) && !isOwn(this.#context, aid))
    return [...new Set(fresh)].map((aid) => {
      this.#asked.add(aid)
      this.#new.push([`${askedPrefix}${aid}`, textBytes('')])
      return this.#interest(aid)
    })
  }

  #interest(aid: string): OutRecord {
    const { partition, partitions, topics } = this.#context
    return {
      topic: topics.exchange,
      partition: partitionOf(Buffer.from(aid, 'latin1'), partitions),
      key: `${aid} wanted ${partition}`,
      value: Buffer.from(`${partition}`),
      headers: { [kindHeader]: 'interest', aid },
    }
  }

  /**
   * Says again what was asked for and has brought nothing yet. A copy notes what it would ask for and leaves it to the owner
   * of the partition to say so, who may have gone before that.
   */
  reminders(): OutRecord[] {
    const { addon, store } = this.#context
    return [...this.#asked]
      .filter((aid) => {
        const record = store.get('aids', aidBytes(aid))
        return !record || addon.keyState(aid, record, true) === null
      })
      .map((aid) => this.#interest(aid))
  }

  /** Whether anybody wants any log. */
  get isWanted(): boolean {
    return this.#wanted.size > 0
  }

  /** An event of ours, for those who want the log that it is of. */
  forwards(aid: string, value: Uint8Array, { sn, said }: { sn: string; said: string }): OutRecord[] {
    const { topics } = this.#context
    const wanting = this.#wanted.get(aid)
    if (!wanting) return nobody
    return Array.from(wanting, (partition) => ({
      topic: topics.exchange,
      partition,
      key: `${aid} ${sn} ${said}`,
      value,
      headers: { [kindHeader]: 'event', aid },
    }))
  }

  /**
   * Notes who wants what, and answers with the logs as they are: what is stored of them, and then what of them is still
   * under way to the disk.
   */
  answers(refused: readonly Refused[], underWay: UnderWay): OutRecord[] {
    return refused.flatMap(({ record, reason }) => {
      const aid = record.headers['aid']
      if (
        reason !== 'interest' ||
        aid === undefined ||
        !aidPattern.test(aid) ||
        !isOwn(this.#context, aid) ||
        !record.value
      )
        return []
      return this.#answer(aid, Number(bytesText(record.value)), underWay)
    })
  }

  #answer(aid: string, partition: number, underWay: UnderWay): OutRecord[] {
    const { addon, store, topics } = this.#context
    const wanting = this.#wanted.get(aid) ?? new Set()
    this.#wanted.set(aid, wanting.add(partition))
    this.#new.push([`${wantedPrefix}${aid}`, textBytes(JSON.stringify([...wanting]))])
    const headers = { [kindHeader]: 'event', aid }
    const stored = Array.from(replayAccepted(addon, store, aid), (value, at) => ({
      topic: topics.exchange,
      partition,
      key: `${aid} log ${at}`,
      value,
      headers,
    }))
    const key = aidBytes(aid)
    const late = [...underWay.sets()]
      .filter(({ topic }) => topic === topics.accepted)
      .flatMap((set) => Array.from(unpacked(set, key)))
      .map(({ value, headers: { sn = '', said = '' } }) => ({
        topic: topics.exchange,
        partition,
        key: `${aid} ${sn} ${said}`,
        value,
        headers,
      }))
    return [...stored, ...late]
  }
}
