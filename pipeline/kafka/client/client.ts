import type { LogRecords } from './log.ts'
import type { RecordSet } from './packed.ts'

/**
 * What kelpipe needs of a client for Kafka. Nothing outside this folder names a library: another client is another
 * file here that passes the suite in tests/kafka/client.suite.ts.
 */

/** A record as it lies in what was fetched: key and value are views that nobody writes to. */
export interface LogRecord {
  readonly offset: bigint
  readonly key: Uint8Array | undefined
  /** None: a tombstone, which deletes a key of a compacted topic. */
  readonly value: Uint8Array | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** Records of one partition, in order. */
export interface LogBatch {
  readonly topic: string
  readonly partition: number
  /** The offset that was asked for: every committed record between it and the last one here is here. */
  readonly from: bigint
  readonly records: LogRecords
  /** The offset behind the last record of the partition, as the broker said with this batch. */
  readonly end: bigint
}

/** A record to send; its partition is chosen by us, never by the client. */
export interface OutRecord {
  readonly topic: string
  readonly partition: number
  readonly key: Uint8Array | string | undefined
  readonly value: Uint8Array | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** How far a group has come in a partition: the offset of the next record, and a word of ours beside it. */
export interface GroupOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly metadata: string
}

/** Another producer has taken over the id of a transactional one. */
export class Fenced extends Error {}

/**
 * One transaction at a time: `begin`, then `send` and `offsets`, then `commit` or `abort`. Whatever fails leaves it unknown
 * whether the transaction was committed; `Fenced` if another producer has the id now.
 */
export interface TransactionalProducer {
  begin(): Promise<void>
  /** The sets of one call must fit into one request. Those of one partition keep their order. */
  send(sets: readonly RecordSet[]): Promise<void>
  /** Offsets that the transaction commits for a group. */
  offsets(group: string, offsets: readonly GroupOffset[]): Promise<void>
  commit(): Promise<void>
  abort(): Promise<void>
  close(): Promise<void>
}

export interface Producer {
  send(sets: readonly RecordSet[]): Promise<void>
  close(): Promise<void>
}

/** What a member of a group is told. */
export interface MemberHandler {
  /**
   * The partitions that are this member's from now on: the same of every topic of the group. Called before anything is
   * fetched of them; seeks and pauses given in the call hold for the first fetch.
   */
  assigned(partitions: readonly number[]): void
  /**
   * Takes records; resolves when more may be fetched. When `signal` aborts, what has not been taken comes again, if the
   * partition stays with this member.
   */
  records(batch: LogBatch, signal: AbortSignal): Promise<void>
  /** The member does not reach its group, and goes on trying. */
  troubled(error: unknown): void
  /** The member cannot go on. */
  failed(error: unknown): void
}

/** A member of a group, which fetches the partitions that it is given. */
export interface Member {
  join(handler: MemberHandler): Promise<void>
  seek(topic: string, partition: number, offset: bigint): void
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
  /** Commits offsets outside any transaction. */
  commit(offsets: readonly GroupOffset[]): Promise<void>
  /** Resolves when no more records are handed over and the group knows. */
  leave(): Promise<void>
}

export interface MemberOptions {
  readonly group: string
  /** Topics of equal numbers of partitions. */
  readonly topics: readonly string[]
  /** Partitions that this member would rather have than others: it holds their state. */
  readonly preferred: () => readonly number[]
  /** Partitions that it would rather have than others among those that nobody prefers: it holds a copy of their state. */
  readonly standby?: () => readonly number[]
}

export interface TopicPlan {
  readonly topic: string
  readonly partitions: number
  readonly replicas: number
  readonly settings: Readonly<Record<string, string>>
}

export interface Client {
  /** Numbers of partitions, by topic; topics that do not exist are left out. */
  partitions(topics: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Makes topics; those that exist stay as they are. */
  create(plans: readonly TopicPlan[]): Promise<void>
  /** How many bytes a batch of records of each topic may have, as brokers say. */
  batchBytes(topics: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** The offset behind the last record of a partition that no open transaction holds back from readers. */
  end(topic: string, partition: number): Promise<bigint>
  /** What a group has committed; partitions without are left out. */
  committed(group: string, topics: readonly string[], partition: number): Promise<readonly GroupOffset[]>
  /** A producer that has fenced every earlier one of its id, and ended their transactions. */
  transactional(id: string): Promise<TransactionalProducer>
  producer(): Promise<Producer>
  member(options: MemberOptions): Member
  /**
   * Reads a partition from an offset to where it ends now, committed records only. `signal` ends it early.
   */
  read(topic: string, partition: number, from: bigint, signal: AbortSignal): AsyncIterable<LogBatch>
  close(): Promise<void>
}
