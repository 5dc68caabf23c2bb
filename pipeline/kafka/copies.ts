import { setTimeout } from 'node:timers/promises'

import { reasonOf } from '../errors.ts'
import { Copy } from './copy.ts'
import type { PartitionOptions } from './partition.ts'

/** Copies of partitions that other workers have, brought up to date one after the other, again and again. */
export class Copies {
  readonly #options: PartitionOptions
  readonly #copies = new Map<number, Copy>()
  readonly #stop = new AbortController()
  #wanted: ReadonlySet<number> = new Set()
  /** What is being done, one thing at a time. */
  #turn: Promise<void> = Promise.resolve()
  #under: Copy | undefined
  readonly #running: Promise<void>

  constructor(options: PartitionOptions) {
    this.#options = options
    this.#running = this.#run()
  }

  /** How far each copy has come with the accepted events. */
  get offsets(): ReadonlyMap<number, bigint> {
    return new Map(Array.from(this.#copies, ([number, copy]) => [number, copy.offset]))
  }

  /** From now on there are to be copies of these partitions. */
  want(partitions: Iterable<number>): void {
    this.#wanted = new Set(partitions)
  }

  /** Resolves when the copy of a partition, if there is one, is closed and not opened again. */
  async release(number: number): Promise<void> {
    this.#wanted = new Set([...this.#wanted].filter((each) => each !== number))
    if (this.#under?.number === number) this.#under.abandon()
    await this.#inTurn(async () => this.#close(number))
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#wanted = new Set()
    this.#under?.abandon()
    await this.#running
    await this.#inTurn(async () => {
      for (const number of this.#copies.keys()) await this.#close(number)
    })
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      for (const number of this.#wanted) await this.#inTurn(async () => this.#follow(number))
      await setTimeout(this.#options.limits.kafkaCopyMs, undefined, { signal, ref: false }).catch(
        () => undefined,
      )
    }
  }

  async #inTurn(act: () => Promise<void>): Promise<void> {
    const next = this.#turn.then(act)
    this.#turn = next.catch(() => undefined)
    await next
  }

  async #follow(number: number): Promise<void> {
    if (!this.#wanted.has(number)) return
    const { note, topics, copyDirectory } = this.#options
    try {
      const folder = copyDirectory(number)
      const copy = this.#copies.get(number) ?? (await Copy.open(this.#options, number, folder))
      this.#copies.set(number, copy)
      this.#under = copy
      await copy.follow()
    } catch (error) {
      if (this.#wanted.has(number)) note(`the copy of ${topics.input}/${number}: ${reasonOf(error)}`)
      await this.#close(number)
    } finally {
      this.#under = undefined
    }
  }

  async #close(number: number): Promise<void> {
    const copy = this.#copies.get(number)
    this.#copies.delete(number)
    await copy?.close().catch(() => undefined)
  }
}
