import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { kelpipe, randomOf, startKelpipe } from './support/cli.ts'
import { shuffledStream } from './support/streams.ts'

const kills = 50
const seed = 20_261_121
let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-crash-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Verdict {
  readonly type: string
  readonly aid: string
  readonly sn: string
  readonly verdict: string
}

const linesOf = <Line>(text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line)

const digestOf = (store: string): string => kelpipe(['state', '--digest', '--store', store]).stdout

/** Runs an ingest and kills it after so long; returns what it had acknowledged. */
async function killedAfter(
  ms: number,
  args: readonly string[],
): Promise<{ acknowledged: Verdict[]; done: boolean }> {
  const child = startKelpipe(args)
  let stdout = ''
  child.stdout?.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  const timer = setTimeout(() => child.kill('SIGKILL'), ms)
  await once(child, 'close')
  clearTimeout(timer)
  return { acknowledged: linesOf<Verdict>(stdout), done: child.signalCode === null }
}

/** The sequence number of each AID's state. */
const states = (store: string): Map<string, bigint> =>
  new Map(
    linesOf<{ i: string; s: string }>(kelpipe(['state', '--json', '--store', store]).stdout).map(
      ({ i, s }) => [i, BigInt(`0x${s}`)],
    ),
  )

// Goal: whenever the process dies, nothing acknowledged is lost and the end is that of an undisturbed run. Method: kill
// one ingest at random moments, start it again each time, look after each kill, and compare the digests at the end.
test(
  `killed at ${kills} random moments, an ingest loses nothing and ends in the same state`,
  { timeout: 600_000 },
  async () => {
    const stream = join(directory, 'stream.cesr')
    writeFileSync(stream, shuffledStream(100, 60, seed))
    const calm = join(directory, 'calm')
    const start = performance.now()
    expect(kelpipe(['ingest', stream, '--quiet', '--store', calm]).status).toBe(0)
    const wholeMs = performance.now() - start

    const store = join(directory, 'killed')
    const args = ['ingest', stream, '--quiet', '--store', store, '--verdicts', '-', '--commit', 'each']
    const random = randomOf(seed)
    let killed = 0
    let acknowledgements = 0
    for (let attempt = 0; killed < kills && attempt < 2 * kills; attempt += 1) {
      const { acknowledged, done } = await killedAfter(100 + random() * wholeMs, args)
      if (!done) killed += 1
      acknowledgements += acknowledged.length
      const known = acknowledged.length > 0 ? states(store) : new Map<string, bigint>()
      const lost = acknowledged.filter(
        ({ type, aid, sn, verdict }) =>
          type === 'verdict' &&
          verdict === 'accepted' &&
          sn !== '' &&
          (known.get(aid) ?? -1n) < BigInt(`0x${sn}`),
      )
      expect(lost, `after kill ${killed} of seed ${seed}`).toEqual([])
      if (done) rmSync(store, { recursive: true, force: true })
    }
    expect(killed).toBe(kills)
    expect(acknowledgements).toBeGreaterThan(kills)
    expect(kelpipe(['ingest', stream, '--quiet', '--store', store]).status).toBe(0)
    expect(digestOf(store)).toBe(digestOf(calm))
  },
)
