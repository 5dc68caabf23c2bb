import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { packageRoot } from '../../native/root.ts'

/** One result of a query. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [time: number, value: string]
}

/** Durations of a rule or a query, and thresholds that are times, made so many times shorter. */
const hastened = (text: string, haste: number): string =>
  text
    .replace(/\b(\d+)m\b/g, (_, minutes: string) => `${Math.round((Number(minutes) * 60_000) / haste)}ms`)
    .replace(
      /(_seconds[^\n]*> )(\d{2,})\b/g,
      (_, before: string, seconds: string) => `${before}${Number(seconds) / haste}`,
    )

/** A port that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A real Prometheus with the product's rules and alerts, hastened. */
export class Prometheus {
  readonly #child: ChildProcess
  readonly #base: string
  readonly #haste: number

  private constructor(child: ChildProcess, base: string, haste: number) {
    this.#child = child
    this.#base = base
    this.#haste = haste
  }

  /**
   * Scrapes the ports of some instances, by name. For its rules and queries time runs `haste` times as fast: what they
   * call a minute is a second of a haste of 60.
   */
  static async start(folder: string, ports: ReadonlyMap<string, number>, haste: number): Promise<Prometheus> {
    for (const name of ['rules.yml', 'alerts.yml'])
      writeFileSync(
        join(folder, name),
        hastened(readFileSync(join(packageRoot(), 'deploy', 'prometheus', name), 'utf8'), haste),
      )
    const targets = Array.from(ports, ([instance, port]) => ({
      targets: [`127.0.0.1:${port}`],
      labels: { instance },
    }))
    const minute = hastened('1m', haste)
    const times = { scrape_interval: minute, scrape_timeout: minute, evaluation_interval: minute }
    const scrape = [{ job_name: 'kelpipe', static_configs: targets }]
    const config = { global: times, rule_files: ['rules.yml', 'alerts.yml'], scrape_configs: scrape }
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
    const address = `127.0.0.1:${await freePort()}`
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'tsdb')}`,
        `--web.listen-address=${address}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    )
    const prometheus = new Prometheus(child, `http://${address}`, haste)
    await until(async () => (await fetch(`http://${address}/-/ready`)).ok)
    return prometheus
  }

  async query(query: string): Promise<Series[]> {
    const answer = await this.#get(`/api/v1/query?query=${encodeURIComponent(hastened(query, this.#haste))}`)
    return (answer as { result: Series[] }).result
  }

  /** The rules and how they fare. */
  async rules(): Promise<{ name: string; health: string; lastError?: string }[]> {
    const { groups } = (await this.#get('/api/v1/rules')) as {
      groups: { rules: { name: string; health: string; lastError?: string }[] }[]
    }
    return groups.flatMap(({ rules }) => rules)
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }

  async #get(path: string): Promise<unknown> {
    const answer = (await (await fetch(this.#base + path)).json()) as { error?: string; data: unknown }
    if (answer.error !== undefined) throw new Error(`${path}: ${answer.error}`)
    return answer.data
  }
}

/** Waits until something holds; a failure counts as not yet. True if it came to hold within a time. */
export async function until(holds: () => Promise<boolean>, timeoutMs = 60_000): Promise<boolean> {
  for (const end = performance.now() + timeoutMs; performance.now() < end; await setTimeout(100))
    if (await holds().catch(() => false)) return true
  return false
}
