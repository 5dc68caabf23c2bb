import { el, svg } from './dom.ts'

/** Values at one time, by series. */
export interface Point {
  readonly at: number
  readonly values: Readonly<Record<string, number>>
}

export interface ChartOptions {
  readonly title: string
  /** In the order in which they are stacked, from below; each has a colour in the style sheet. */
  readonly series: readonly string[]
  readonly format: (value: number) => string
  /** Whether a series is shown that is 0 all the time. */
  readonly zeros?: true
}

const height = 190
const margin = { top: 10, right: 8, bottom: 22, left: 46 }
const minute = 60_000
/** What a chart spans: the first of these that all points fit into. */
const spansMs = [minute, 2 * minute, 5 * minute]

/** A stacked area chart over time, with a legend that says the values in words. */
export class Chart {
  readonly root: HTMLElement
  readonly #options: ChartOptions
  readonly #plot = svg('svg', { class: 'plot', attrs: { role: 'img', height } })
  readonly #legend = el('ul', { class: 'legend' })
  readonly #tip = el('div', { class: 'tip', attrs: { hidden: true } })
  #points: readonly Point[] = []
  #spanMs = minute
  #width = 0

  constructor(options: ChartOptions) {
    this.#options = options
    const frame = el('div', { class: 'plot-frame' }, this.#plot, this.#tip)
    this.root = el('figure', { class: 'chart' }, frame, this.#legend)
    new ResizeObserver(([entry]) => {
      this.#width = Math.floor(entry?.contentRect.width ?? 0)
      this.#draw()
    }).observe(frame)
    this.#plot.addEventListener('pointermove', (event) => this.#point(event))
    this.#plot.addEventListener('pointerleave', () => this.#leave())
  }

  update(points: readonly Point[]): void {
    this.#points = points
    const ageMs = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0)
    this.#spanMs = spansMs.find((span) => span >= ageMs) ?? 5 * minute
    this.#draw()
    this.#explain(points.at(-1))
  }

  #draw(): void {
    if (this.#width === 0) return
    const { series, format } = this.#options
    const spanMs = this.#spanMs
    const end = this.#points.at(-1)?.at ?? Date.now()
    const top = niceTop(Math.max(...this.#points.map((point) => total(point, series)), 0))
    const x = (at: number): number =>
      margin.left + ((at - end + spanMs) / spanMs) * (this.#width - margin.left - margin.right)
    const y = (value: number): number =>
      height - margin.bottom - (value / top) * (height - margin.top - margin.bottom)
    this.#plot.setAttribute('viewBox', `0 0 ${this.#width} ${height}`)
    this.#plot.replaceChildren(...this.#grid(top, y, x, end, format), ...this.#areas(x, y))
  }

  #grid(
    top: number,
    y: (value: number) => number,
    x: (at: number) => number,
    end: number,
    format: (value: number) => string,
  ): SVGElement[] {
    const lines = [0, 0.5, 1].flatMap((part) => {
      const at = y(top * part)
      return [
        svg('line', {
          class: 'grid',
          attrs: { x1: margin.left, x2: this.#width - margin.right, y1: at, y2: at },
        }),
        svg('text', { class: 'axis end', attrs: { x: margin.left - 8, y: at + 4 } }, format(top * part)),
      ]
    })
    const seconds = this.#spanMs / 1000
    const step = seconds > 120 ? 60 : seconds / 4
    for (let back = 0; back < seconds; back += step) {
      const anchor = back === 0 ? 'axis end' : 'axis middle'
      const text = back === 0 ? 'now' : step < 60 ? `−${back} s` : `−${back / 60} min`
      lines.push(svg('text', { class: anchor, attrs: { x: x(end - back * 1000), y: height - 5 } }, text))
    }
    return lines
  }

  #areas(x: (at: number) => number, y: (value: number) => number): SVGElement[] {
    const below = this.#points.map(() => 0)
    return this.#options.series.flatMap((name) => {
      if (!this.#isShown(name)) return []
      const lower = this.#points.map(
        ({ at }, index) => `${x(at).toFixed(1)},${y(below[index] ?? 0).toFixed(1)}`,
      )
      for (const [index, { values }] of this.#points.entries())
        below[index] = (below[index] ?? 0) + (values[name] ?? 0)
      const upper = this.#points.map(
        ({ at }, index) => `${x(at).toFixed(1)},${y(below[index] ?? 0).toFixed(1)}`,
      )
      const attrs = { 'data-series': name }
      return [
        svg('path', {
          class: 'area',
          attrs: { ...attrs, d: `M${upper.join('L')}L${lower.toReversed().join('L')}Z` },
        }),
        svg('path', { class: 'edge', attrs: { ...attrs, d: `M${upper.join('L')}` } }),
      ]
    })
  }

  #isShown(name: string): boolean {
    const least = this.#options.zeros ? 0 : Number.MIN_VALUE
    return this.#points.some(({ values }) => (values[name] ?? -1) >= least)
  }

  /** Says the values of a point in the legend, and in words for who cannot see the chart. */
  #explain(point: Point | undefined): void {
    const { title, series, format } = this.#options
    const shown = series.filter((name) => this.#isShown(name))
    const said = shown.map((name) => [name, format(point?.values[name] ?? 0)] as const)
    this.#plot.setAttribute(
      'aria-label',
      `${title}: ${said.map(([name, value]) => `${name} ${value}`).join(', ') || 'nothing yet'}`,
    )
    this.#legend.replaceChildren(
      ...said.map(([name, value]) =>
        el(
          'li',
          {},
          el('span', { class: 'swatch', attrs: { 'data-series': name } }),
          el('span', {}, name),
          el('b', {}, value),
        ),
      ),
    )
    if (shown.length === 0) this.#legend.append(el('li', { class: 'muted' }, 'nothing yet'))
  }

  #point(event: PointerEvent): void {
    const end = this.#points.at(-1)?.at
    if (end === undefined) return
    const room = this.#width - margin.left - margin.right
    const at = end - this.#spanMs + ((event.offsetX - margin.left) / room) * this.#spanMs
    const nearest = this.#points.reduce((a, b) => (Math.abs(b.at - at) < Math.abs(a.at - at) ? b : a))
    this.#explain(nearest)
    this.#tip.hidden = false
    this.#tip.textContent = new Date(nearest.at).toLocaleTimeString()
    this.#tip.style.left = `${Math.min(Math.max(event.offsetX, margin.left), this.#width - 70)}px`
  }

  #leave(): void {
    this.#tip.hidden = true
    this.#explain(this.#points.at(-1))
  }
}

const total = ({ values }: Point, series: readonly string[]): number =>
  series.reduce((sum, name) => sum + (values[name] ?? 0), 0)

/** The next round number. */
function niceTop(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power
}

/** A line without axes. */
export function sparkline(values: readonly number[], count: number): SVGElement {
  const [width, tall] = [120, 28]
  const top = Math.max(...values, 0) || 1
  const first = count - values.length
  const points = values.map((value, index) => {
    const x = ((first + index) / Math.max(1, count - 1)) * width
    return `${x.toFixed(1)},${(tall - 2 - (value / top) * (tall - 4)).toFixed(1)}`
  })
  return svg(
    'svg',
    {
      class: 'spark',
      attrs: { viewBox: `0 0 ${width} ${tall}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    },
    points.length > 1 && svg('path', { attrs: { d: `M${points.join('L')}` } }),
  )
}
