import { el } from './dom.ts'

export interface ListOptions<Entry> {
  readonly label: string
  readonly row: (entry: Entry) => HTMLElement
  readonly chosen: (entry: Entry) => void
}

const rowHeight = 36
const rowsBeyond = 8

/** A list of any length, of which only what is seen is drawn. Arrow keys, page keys, Home and End move the choice. */
export class List<Entry> {
  readonly root: HTMLElement
  readonly #options: ListOptions<Entry>
  readonly #sizer = el('div', { class: 'list-sizer' })
  #entries: readonly Entry[] = []
  #chosen = -1
  #drawn = ''

  constructor(options: ListOptions<Entry>) {
    this.#options = options
    this.root = el(
      'div',
      { class: 'list', attrs: { role: 'listbox', tabindex: 0, 'aria-label': options.label } },
      this.#sizer,
    )
    this.root.addEventListener('scroll', () => this.#draw())
    this.root.addEventListener('keydown', (event) => this.#key(event))
    this.root.addEventListener('click', (event) => {
      const row = event.target instanceof Element ? event.target.closest('[data-index]') : null
      if (row) this.choose(Number(row.getAttribute('data-index')))
    })
    new ResizeObserver(() => this.#draw()).observe(this.root)
  }

  show(entries: readonly Entry[]): void {
    const kept = this.#entries[this.#chosen]
    this.#entries = entries
    this.#chosen = kept === undefined ? -1 : entries.indexOf(kept)
    this.#sizer.style.height = `${entries.length * rowHeight}px`
    this.#drawn = ''
    this.#draw()
  }

  choose(index: number): void {
    const entry = this.#entries[index]
    if (entry === undefined) return
    this.#chosen = index
    this.#reveal(index)
    this.#drawn = ''
    this.#draw()
    this.#options.chosen(entry)
  }

  #reveal(index: number): void {
    const top = index * rowHeight
    const { scrollTop, clientHeight } = this.root
    if (top < scrollTop) this.root.scrollTop = top
    else if (top + rowHeight > scrollTop + clientHeight) this.root.scrollTop = top + rowHeight - clientHeight
  }

  #draw(): void {
    const { scrollTop, clientHeight } = this.root
    const from = Math.max(0, Math.floor(scrollTop / rowHeight) - rowsBeyond)
    const to = Math.min(this.#entries.length, Math.ceil((scrollTop + clientHeight) / rowHeight) + rowsBeyond)
    const drawn = `${from} ${to}`
    if (drawn === this.#drawn) return
    this.#drawn = drawn
    this.#sizer.replaceChildren(
      ...this.#entries.slice(from, to).map((entry, index) => this.#row(entry, from + index)),
    )
    if (this.#chosen < 0) this.root.removeAttribute('aria-activedescendant')
    else this.root.setAttribute('aria-activedescendant', `row-${this.#chosen}`)
  }

  #row(entry: Entry, index: number): HTMLElement {
    const row = this.#options.row(entry)
    row.id = `row-${index}`
    row.dataset['index'] = String(index)
    row.setAttribute('role', 'option')
    row.setAttribute('aria-selected', String(index === this.#chosen))
    row.setAttribute('aria-posinset', String(index + 1))
    row.setAttribute('aria-setsize', String(this.#entries.length))
    row.style.transform = `translateY(${index * rowHeight}px)`
    return row
  }

  #key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.root.clientHeight / rowHeight) - 1)
    const last = this.#entries.length - 1
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.#chosen + 1,
      ArrowUp: this.#chosen - 1,
      PageDown: this.#chosen + page,
      PageUp: this.#chosen - page,
      Home: 0,
      End: last,
    }
    const wanted = moves[event.key]
    if (wanted === undefined) return
    event.preventDefault()
    this.choose(Math.min(Math.max(wanted, 0), last))
  }
}
