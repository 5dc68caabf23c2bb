import type { Words } from './api.ts'
import { badge, el } from './dom.ts'
import { bytes, counted, decimal, shortened, whole } from './format.ts'
import { List } from './list.ts'
import { messageView, sortLegend } from './message.ts'
import { outcome, Stream, type Item } from './stream.ts'

/** Drop or paste a stream, and see what stands in it and what it is worth. */
export class Inspector {
  readonly #root: HTMLElement
  readonly #words: Words
  readonly #text = el('textarea', {
    attrs: {
      rows: 2,
      spellcheck: 'false',
      'aria-label': 'A stream as text',
      placeholder: 'Paste a stream here',
    },
  })
  readonly #file = el('input', {
    attrs: { type: 'file', hidden: true, 'aria-label': 'A file with a stream' },
  })
  readonly #samples = el(
    'select',
    { attrs: { 'aria-label': 'A sample' } },
    el('option', { attrs: { value: '' } }, 'Look at a sample…'),
  )
  readonly #summary = el('div', { class: 'summary', attrs: { role: 'status' } })
  readonly #detail = el('div', { class: 'detail', attrs: { tabindex: -1 } })
  readonly #list = new List<Item>({ label: 'Messages', row: rowOf, chosen: (item) => this.#show(item) })
  readonly #work = el('div', { class: 'work', attrs: { hidden: true } }, this.#list.root, this.#detail)
  readonly #hint = hint()
  #stream: Stream | undefined
  #reading = new AbortController()
  #wanted = ''

  constructor(root: HTMLElement, words: Words) {
    this.#root = root
    this.#words = words
    this.#samples.append(...words.samples.map((name) => el('option', { attrs: { value: name } }, name)))
    const open = el('button', { attrs: { type: 'button' } }, 'Choose a file')
    const look = el('button', { class: 'main', attrs: { type: 'button' } }, 'Inspect')
    open.addEventListener('click', () => this.#file.click())
    look.addEventListener('click', () =>
      this.#inspect('pasted text', new TextEncoder().encode(this.#text.value)),
    )
    this.#file.addEventListener('change', () => void this.#inspectFile(this.#file.files?.[0]))
    this.#text.addEventListener('paste', (event) => this.#paste(event))
    this.#samples.addEventListener('change', () => void this.#inspectSample(this.#samples.value))
    root.append(
      el(
        'div',
        { class: 'drop' },
        el(
          'div',
          { class: 'drop-words' },
          el('h1', {}, 'What stands in a stream?'),
          el(
            'p',
            { class: 'muted' },
            'Drop a file with CESR, text or binary, or paste text. It is judged by itself and not kept.',
          ),
        ),
        this.#text,
        el('div', { class: 'drop-buttons' }, look, open, this.#samples, this.#file),
      ),
      this.#summary,
      this.#work,
      this.#hint,
    )
  }

  start(): void {
    addEventListener('dragover', (event) => {
      event.preventDefault()
      this.#root.classList.add('dropping')
    })
    addEventListener('dragleave', () => this.#root.classList.remove('dropping'))
    addEventListener('drop', (event) => {
      event.preventDefault()
      this.#root.classList.remove('dropping')
      location.hash = 'inspector'
      void this.#inspectFile(event.dataTransfer?.files[0])
    })
  }

  /** Takes large text without putting it into the field, which would hold up the page. */
  #paste(event: ClipboardEvent): void {
    const [file] = event.clipboardData?.files ?? []
    const text = event.clipboardData?.getData('text/plain') ?? ''
    if (!file && text === '') return
    event.preventDefault()
    if (file) void this.#inspectFile(file)
    else this.#inspect('pasted text', new TextEncoder().encode(text))
  }

  async #inspectFile(file: File | undefined): Promise<void> {
    if (file) this.#inspect(file.name, new Uint8Array(await file.arrayBuffer()))
    this.#file.value = ''
  }

  async #inspectSample(name: string): Promise<void> {
    if (name === '') return
    const response = await fetch(`ui/${encodeURIComponent(name)}`)
    this.#inspect(name, new Uint8Array(await response.arrayBuffer()))
  }

  #inspect(name: string, content: Uint8Array<ArrayBuffer>): void {
    this.#reading.abort()
    this.#reading = new AbortController()
    const { inspectBytes } = this.#words
    const isTooLarge = content.length > inspectBytes
    if (content.length === 0 || isTooLarge) {
      const why = isTooLarge
        ? `${name} has ${bytes(content.length)}; at most ${bytes(inspectBytes)} are looked at here: kelpipe split cuts it.`
        : 'There is nothing to look at yet.'
      this.#summary.replaceChildren(el('p', {}, why))
      return
    }
    const stream = new Stream(name, content)
    this.#stream = stream
    this.#wanted = ''
    this.#work.hidden = false
    this.#hint.hidden = true
    this.#detail.replaceChildren(el('p', { class: 'muted' }, 'Choose a message.'))
    void this.#read(stream, this.#reading.signal)
  }

  async #read(stream: Stream, signal: AbortSignal): Promise<void> {
    const start = performance.now()
    try {
      await stream.read(signal, () => this.#progress(stream, 'reading …'))
      this.#progress(stream, `${Math.round(performance.now() - start)} ms`)
      if (stream.failure !== undefined) this.#summary.append(el('p', { class: 'failed' }, stream.failure))
      this.#list.choose(0)
    } catch (error) {
      if (signal.aborted) return
      this.#work.hidden = true
      this.#summary.replaceChildren(
        el('p', { class: 'failed' }, error instanceof Error ? error.message : String(error)),
      )
    }
  }

  #progress(stream: Stream, note: string): void {
    if (stream !== this.#stream) return
    const counts = new Map<string, number>()
    for (const item of stream.items) {
      const { verdict } = outcome(item)
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1)
    }
    const messages = stream.items.length - (counts.get('fault') ?? 0)
    const filters = [...counts].map(([verdict, count]) => this.#filter(stream, verdict, count, note))
    this.#summary.replaceChildren(
      el('strong', {}, stream.name),
      el(
        'span',
        { class: 'muted' },
        `${bytes(stream.bytes.length)}, ${counted(messages, 'message')}, ${note}`,
      ),
      el('span', { class: 'filters' }, ...filters),
    )
    this.#list.show(
      this.#wanted === ''
        ? stream.items.slice()
        : stream.items.filter((item) => outcome(item).verdict === this.#wanted),
    )
  }

  #filter(stream: Stream, verdict: string, count: number, note: string): HTMLElement {
    const button = el(
      'button',
      {
        class: 'filter',
        attrs: { type: 'button', 'data-verdict': verdict, 'aria-pressed': String(this.#wanted === verdict) },
      },
      badge(verdict),
      ` ${whole(count)}`,
    )
    button.addEventListener('click', () => {
      this.#wanted = this.#wanted === verdict ? '' : verdict
      this.#progress(stream, note)
      this.#summary.querySelector<HTMLElement>(`[data-verdict="${verdict}"]`)?.focus()
    })
    return button
  }

  #show(item: Item): void {
    if (this.#stream) this.#detail.replaceChildren(messageView(this.#stream, item, this.#words.codes))
  }
}

/** What there will be to see, before there is. */
const hint = (): HTMLElement =>
  el(
    'div',
    { class: 'hint' },
    el('p', {}, 'Each message comes with its verdict and the reason for it.'),
    el(
      'p',
      {},
      'Each of its parts comes with its code, its name, its place and its size, in the colour of what it is:',
    ),
    sortLegend(),
  )

function rowOf(item: Item): HTMLElement {
  const { offset, ilk, sn, aid } = item
  const { verdict, code } = outcome(item)
  const name = verdict === 'fault' ? (code ?? '') : `${ilk} ${decimal(sn)}`
  return el(
    'div',
    { class: 'row' },
    el('span', { class: 'number muted' }, whole(offset)),
    el('span', { class: 'row-name' }, name),
    el('code', { class: 'muted grow' }, shortened(aid)),
    badge(verdict),
  )
}
