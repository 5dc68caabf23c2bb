import type { Words } from './api.ts'
import { Chart, sparkline, type Point } from './chart.ts'
import { byId, el, panel } from './dom.ts'
import { bytes, compact, counted, duration, whole } from './format.ts'
import { Evidence } from './evidence.ts'
import { Feed, type Told } from './feed.ts'
import { Waiting } from './waiting.ts'

/** A sample as `/v1/live` tells it: counts go up. */
interface Sample {
  readonly at: number
  readonly messages: Readonly<Record<string, number>>
  readonly bytes: number
  readonly signatures: number
  readonly signaturesFailed: number
  readonly faults: number
  readonly duplicity: number
  readonly waiting: Readonly<Record<string, number>>
  readonly oldestSeconds: number
  readonly lagSeconds: Readonly<Record<string, number>>
  readonly verdicts?: readonly Told[]
}

interface History {
  readonly runs: {
    readonly version: string
    readonly node: string
    readonly cpuPath: string
    readonly threads: number
  }
  readonly samples: readonly Sample[]
}

const keptSamples = 300
/** Rates are taken over so many samples. */
const smoothedSamples = 4
/** Evidence of duplicity waits for nothing and has a place of its own. */
const evidenceKind = 'likely-duplicitous'
const sources = ['file', 'stream', 'tcp', 'unix', 'http', 'kafka']

/** How the pipeline stands now and how it stood in the last minutes. */
export class LiveView {
  readonly #root: HTMLElement
  readonly #samples: Sample[] = []
  readonly #tiles = new Map<string, HTMLElement>()
  readonly #messages: Chart
  readonly #escrows: Chart
  readonly #lag: Chart
  readonly #waiting: Waiting
  readonly #evidence = new Evidence()
  readonly #feed: Feed

  constructor(root: HTMLElement, { kinds, verdicts }: Words) {
    this.#root = root
    const chart = (title: string, series: readonly string[], format = compact): Chart =>
      new Chart({ title, series, format })
    this.#messages = chart('Messages a second, by verdict', verdicts)
    this.#escrows = chart('Entries that wait, by escrow', kinds)
    this.#lag = new Chart({
      title: 'Lag of the input, by source',
      series: sources,
      zeros: true,
      format: duration,
    })
    this.#waiting = new Waiting(kinds)
    this.#feed = new Feed(verdicts)
    const tiles = el('div', { class: 'tiles' })
    for (const name of ['Messages', 'Input', 'Signatures', 'Waiting', 'Contradictions', 'Lag']) {
      const tile = el('div', { class: 'tile', attrs: { 'data-tile': name.toLowerCase() } })
      this.#tiles.set(name, tile)
      tiles.append(tile)
    }
    this.#root.append(
      tiles,
      el(
        'div',
        { class: 'charts' },
        panel('Messages a second, by verdict', [], this.#messages.root),
        panel('What waits, by escrow', [], this.#escrows.root),
        panel('Lag of the input, by source', [], this.#lag.root),
      ),
      el(
        'div',
        { class: 'tables' },
        this.#waiting.root,
        el('div', { class: 'side' }, this.#evidence.root, this.#feed.root),
      ),
    )
  }

  start(): void {
    const source = new EventSource('v1/live')
    source.addEventListener('history', ({ data }) => {
      const { runs, samples } = JSON.parse(String(data)) as History
      byId('runs').textContent = `${runs.version} · ${runs.cpuPath} · ${counted(runs.threads, 'thread')}`
      this.#samples.splice(0, Infinity, ...samples)
      this.#status('live', 'live')
      this.#show()
    })
    source.addEventListener('sample', ({ data }) => {
      const sample = JSON.parse(String(data)) as Sample
      this.#samples.push(sample)
      if (this.#samples.length > keptSamples) this.#samples.shift()
      this.#feed.add(sample.verdicts ?? [])
      this.#status('live', 'live')
      this.#show()
    })
    source.addEventListener('error', () => this.#status('lost', 'no answer, trying again'))
  }

  #status(state: string, text: string): void {
    const status = byId('status')
    if (status.textContent === text) return
    status.textContent = text
    status.dataset['state'] = state
  }

  #show(): void {
    const last = this.#samples.at(-1)
    if (!last) return
    const points = this.#rates(({ messages }) => messages)
    this.#messages.update(points)
    this.#escrows.update(this.#samples.map(({ at, waiting }) => ({ at, values: waiting })))
    this.#lag.update(this.#samples.map(({ at, lagSeconds }) => ({ at, values: lagSeconds })))
    this.#showTiles(last, points)
    this.#waiting.heard(last.waiting)
    this.#evidence.heard(last.waiting[evidenceKind] ?? 0)
  }

  #showTiles(last: Sample, messages: readonly Point[]): void {
    const sums = messages.map(({ values }) => sum(values))
    const input = this.#rates((sample) => ({ all: sample.bytes })).map(({ values }) => values['all'] ?? 0)
    const signatures = this.#rates((sample) => ({ all: sample.signatures })).map(
      ({ values }) => values['all'] ?? 0,
    )
    const waits = this.#samples.map(({ waiting }) => sum(waiting) - (waiting[evidenceKind] ?? 0))
    const lags = this.#samples.map(({ lagSeconds }) => Math.max(0, ...Object.values(lagSeconds)))
    const total = sum(last.messages)
    const refused = last.messages['rejected'] ?? 0
    const evidence = last.waiting[evidenceKind] ?? 0
    this.#tile(
      'Messages',
      `${compact(sums.at(-1) ?? 0)}/s`,
      sums,
      `${whole(total)} in all, ${whole(refused)} refused`,
    )
    this.#tile(
      'Input',
      `${bytes(input.at(-1) ?? 0)}/s`,
      input,
      `${bytes(last.bytes)}, ${counted(last.faults, 'fault')}`,
    )
    this.#tile(
      'Signatures',
      `${compact(signatures.at(-1) ?? 0)}/s`,
      signatures,
      `${whole(last.signaturesFailed)} did not verify`,
      last.signaturesFailed > (this.#samples[0]?.signaturesFailed ?? 0) && 'warn',
    )
    this.#tile(
      'Waiting',
      whole(waits.at(-1) ?? 0),
      waits,
      last.oldestSeconds > 0 ? `the oldest for ${duration(last.oldestSeconds)}` : 'nothing waits',
    )
    this.#tile(
      'Contradictions',
      whole(evidence),
      this.#samples.map((sample) => sample.waiting[evidenceKind] ?? 0),
      evidence > 0 ? 'of accepted events' : 'nobody was seen lying',
      evidence > 0 && 'bad',
    )
    this.#tile('Lag', duration(lags.at(-1) ?? 0), lags, 'age of the oldest input')
  }

  #tile(name: string, value: string, line: readonly number[], note: string, tone?: string | false): void {
    const tile = this.#tiles.get(name)
    if (!tile) return
    tile.dataset['tone'] = tone || 'calm'
    tile.replaceChildren(
      el('span', { class: 'tile-name' }, name),
      el('span', { class: 'tile-value' }, value),
      sparkline(line, keptSamples),
      el('span', { class: 'tile-note' }, note),
    )
  }

  /** How much a second some counts grew in the seconds before each sample; a process that starts anew counts from 0. */
  #rates(countsOf: (sample: Sample) => Readonly<Record<string, number>>): Point[] {
    return this.#samples.slice(1).map((sample, index) => {
      const before = this.#samples[Math.max(0, index + 1 - smoothedSamples)]
      const seconds = Math.max(0.001, (sample.at - (before?.at ?? 0)) / 1000)
      const earlier = before ? countsOf(before) : {}
      const values = Object.entries(countsOf(sample)).map(
        ([name, count]) => [name, Math.max(0, count - (earlier[name] ?? 0)) / seconds] as const,
      )
      return { at: sample.at, values: Object.fromEntries(values) }
    })
  }
}

const sum = (values: Readonly<Record<string, number>>): number =>
  Object.values(values).reduce((a, b) => a + b, 0)
