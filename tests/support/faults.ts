import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { packageRoot } from '../../native/root.ts'
import { engineOptions, standardRules } from '../../pipeline/commands/options.ts'
import { readMeta } from '../../pipeline/store/store.ts'
import { openReader } from '../../pipeline/store/lmdb.ts'
import type { Field } from './fleet.ts'
import { connectionTo } from './kafka.ts'

/** Where a worker can be killed: before and after each of these. */
export const steps: readonly string[] = [
  'fetch',
  'settle',
  'store',
  'flush',
  'begin',
  'send',
  'sendOffsets',
  'commit',
  'ack',
].flatMap((step) => [`before ${step}`, `after ${step}`])

/** A worker is killed when it comes to a step for the `after`th time, counted from when `armed` resolves. */
export interface Fault {
  readonly step: string
  readonly after: number
  readonly armed?: Promise<void>
}

/** What a worker process is told. */
interface Plan {
  readonly connection: ReturnType<typeof connectionTo>
  readonly engine: object
  readonly topics: Field['topics']
  readonly group: string
  readonly directory: string
  readonly batchBytes: number
  /** Whether what an earlier process had on disk and not published is published again. */
  readonly replay: boolean
  /** Whether copies of others' partitions are kept. */
  readonly standby: boolean
  readonly fault?: Omit<Fault, 'armed'>
}

/** In seconds: what waits is not to expire on a machine that is slow, as it does not on the one that nothing disturbs. */
const never = 1_000_000

/** How often a worker may give up. */
const livesMax = 20

/** Workers in processes of their own, of which each may carry a fault. */
export class Crew {
  readonly #field: Field
  readonly #address: string
  readonly #replay: boolean
  readonly #children = new Map<ChildProcess, string>()

  constructor(field: Field, address: string, replay = true) {
    this.#field = field
    this.#address = address
    this.#replay = replay
  }

  get size(): number {
    return this.#children.size
  }

  /**
   * Runs a worker over the databases of a name until it is killed (true) or ends by itself when it is told to. One that
   * gives up, as without brokers at its start, is started again, as a supervisor would.
   */
  async start(name: string, fault?: Fault): Promise<boolean> {
    for (let lives = 0; lives < livesMax; lives += 1) {
      const { code, signal } = await this.#live(name, fault)
      if (code === null || code === 0) return signal === 'SIGKILL'
    }
    const said = readFileSync(this.#logOf(name), 'utf8').slice(-2000)
    throw new Error(`${name} gave up ${livesMax} times: ${said}`)
  }

  #logOf(name: string): string {
    return `${this.#field.directory(name)}.log`
  }

  async #live(name: string, fault?: Fault): Promise<{ code: number | null; signal: string | null }> {
    const directory = this.#field.directory(name)
    mkdirSync(directory, { recursive: true })
    const { topics } = this.#field
    const plan: Plan = {
      connection: connectionTo(this.#address),
      engine: {
        ...engineOptions(standardRules),
        threads: 1,
        limits: { outOfOrderSeconds: never, partialSeconds: never },
      },
      topics,
      group: `${topics.input}-group`,
      directory,
      batchBytes: 16_384,
      replay: this.#replay,
      standby: /-0/.test(name),
      ...(fault && { fault: { step: fault.step, after: fault.after } }),
    }
    const log = openSync(this.#logOf(name), 'a')
    const script = join(packageRoot(), 'tests', 'kafka', 'worker.mjs')
    const child = spawn(process.execPath, [script, JSON.stringify(plan)], {
      stdio: ['ignore', log, log, 'ipc'],
    })
    closeSync(log)
    this.#children.set(child, name)
    void fault?.armed?.then(() => child.connected && child.send('armed', () => undefined))
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
    this.#children.delete(child)
    return { code, signal }
  }

  /** Asks a worker to stop. */
  end(name: string): void {
    for (const [child, each] of this.#children) if (each === name) child.kill('SIGTERM')
  }

  async stop(): Promise<void> {
    const ends = Array.from(this.#children.keys(), async (child) => {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    })
    await Promise.all(ends)
  }

  /** The name of the worker whose database the group's offsets belong to, by partition. */
  async owners(names: readonly string[]): Promise<readonly string[]> {
    const { client, topics, partitions } = this.#field
    const owners: string[] = []
    for (let partition = 0; partition < partitions; partition += 1) {
      const [committed] = await client.committed(`${topics.input}-group`, [topics.input], partition)
      const id = committed?.metadata.split(' ')[0]
      for (const name of names)
        if (id !== undefined && (await storeId(this.#field, name, partition)) === id) owners[partition] = name
    }
    return owners
  }
}

async function storeId(field: Field, name: string, partition: number): Promise<string | undefined> {
  const store = await openReader(join(field.directory(name), `partition-${partition}`)).catch(() => undefined)
  if (!store) return undefined
  try {
    const id = readMeta(store, 'kafka/store')
    return id && Buffer.from(id).toString()
  } finally {
    await store.close()
  }
}
