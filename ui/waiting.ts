import { get } from './api.ts'
import { badge, choice, el, panel } from './dom.ts'
import { ageOf, decimal, shortened, whole } from './format.ts'
import { awaitedInWords } from './words.ts'

interface Entry {
  readonly entry: string
  readonly cursor: string
  readonly aid: string
  readonly sn: string
  readonly said: string
  readonly since: string
  readonly kinds: readonly { readonly kind: string; readonly awaits: string }[]
}

interface Page {
  readonly entries: readonly Entry[]
  readonly next?: string
}

interface Why {
  readonly waiting: readonly {
    readonly said: string
    readonly reasons: readonly {
      readonly kind: string
      readonly missing: string
      readonly suppliers: readonly { readonly role: string; readonly id: string }[]
    }[]
  }[]
}

const pageEntries = 25
const pauseMs = 3_000

/** What waits, and on demand why. */
export class Waiting {
  readonly root: HTMLElement
  readonly #kinds: readonly string[]
  readonly #list = el('ul', { class: 'entries' })
  readonly #more = el('button', { class: 'quiet', attrs: { type: 'button', hidden: true } }, 'Show more')
  readonly #select: HTMLSelectElement
  readonly #rows = new Map<string, HTMLElement>()
  #kind = ''
  #next: string | undefined
  #heard = ''
  #readAt = -Infinity
  #later: number | undefined

  constructor(kinds: readonly string[]) {
    this.#kinds = kinds
    this.#select = choice('Kind of escrow', this.#choices({}), (kind) => {
      this.#kind = kind
      void this.#read()
    })
    this.#more.addEventListener('click', () => void this.#readMore())
    this.root = panel('What waits, and why', [this.#select], this.#list, this.#more)
  }

  /** Told what waits by kind, once a second; reads anew when that changed, and not too often. */
  heard(waiting: Readonly<Record<string, number>>): void {
    const heard = JSON.stringify(waiting)
    if (heard === this.#heard) return
    this.#heard = heard
    for (const [index, [, text]] of this.#choices(waiting).entries()) {
      const option = this.#select.options[index]
      if (option) option.textContent = text
    }
    clearTimeout(this.#later)
    this.#later = setTimeout(() => void this.#read(), Math.max(0, this.#readAt + pauseMs - performance.now()))
  }

  #choices(waiting: Readonly<Record<string, number>>): (readonly [string, string])[] {
    const counted = (kind: string): string => `${kind} (${whole(waiting[kind] ?? 0)})`
    return [['', 'all kinds'], ...this.#kinds.map((kind) => [kind, counted(kind)] as const)]
  }

  #page(after?: string): string {
    const query = new URLSearchParams({ limit: String(pageEntries) })
    if (this.#kind !== '') query.set('kind', this.#kind)
    if (after !== undefined) query.set('after', after)
    return `v1/escrow?${query.toString()}`
  }

  async #read(): Promise<void> {
    this.#readAt = performance.now()
    try {
      const { entries, next } = await get<Page>(this.#page())
      const waits = entries.filter(({ kinds }) => kinds.some(({ kind }) => kind !== 'likely-duplicitous'))
      const cursors = new Set(waits.map(({ cursor }) => cursor))
      for (const cursor of this.#rows.keys()) if (!cursors.has(cursor)) this.#rows.delete(cursor)
      this.#list.replaceChildren(...waits.map((entry) => this.#row(entry)))
      const nothing = next === undefined ? 'Nothing waits.' : 'Nothing among the first: ask for more.'
      if (waits.length === 0) this.#list.append(el('li', { class: 'empty' }, nothing))
      this.#goOn(next)
    } catch (error) {
      this.#list.replaceChildren(el('li', { class: 'empty' }, String(error)))
    }
  }

  async #readMore(): Promise<void> {
    const { entries, next } = await get<Page>(this.#page(this.#next))
    this.#list.append(...entries.map((entry) => this.#row(entry)))
    this.#goOn(next)
  }

  #goOn(next: string | undefined): void {
    this.#next = next
    this.#more.hidden = next === undefined
  }

  #row(entry: Entry): HTMLElement {
    const row = this.#rows.get(entry.cursor) ?? rowOf(entry)
    this.#rows.set(entry.cursor, row)
    return row
  }
}

function rowOf({ entry, aid, sn, said, since, kinds }: Entry): HTMLElement {
  const [first] = kinds
  const why = el('div', { class: 'why', attrs: { hidden: true } })
  const button = el(
    'button',
    { class: 'entry', attrs: { type: 'button', 'aria-expanded': 'false' } },
    ...kinds.map(({ kind }) => badge(kind)),
    el('span', { class: 'entry-name' }, `${entry} ${decimal(sn)} of `, el('code', {}, shortened(aid))),
    el('span', { class: 'muted grow' }, `needs ${awaitedInWords(first?.awaits ?? '')}`),
    el('time', { class: 'muted', attrs: { datetime: since, title: since } }, ageOf(since)),
  )
  button.addEventListener('click', () => {
    const open = why.hidden
    button.setAttribute('aria-expanded', String(open))
    why.hidden = !open
    if (open) void explain(why, `${aid}@${decimal(sn)}`, said)
  })
  return el('li', {}, button, why)
}

/** Says what an entry lacks and who could supply it. */
async function explain(target: HTMLElement, place: string, said: string): Promise<void> {
  target.replaceChildren('…')
  try {
    const { waiting } = await get<Why>(`v1/why/${place}`)
    const reasons = waiting.filter((each) => each.said === said).flatMap((each) => each.reasons)
    target.replaceChildren(
      el('p', { class: 'ids' }, 'SAID ', el('code', {}, said)),
      ...reasons.map(({ kind, missing, suppliers }) =>
        el(
          'div',
          { class: 'reason' },
          el('p', {}, badge(kind), ` ${missing}`),
          suppliers.length > 0 &&
            el(
              'p',
              { class: 'muted' },
              'It can come from ',
              ...suppliers.flatMap(({ role, id }, index) => [
                index > 0 ? ', ' : '',
                `${role} `,
                el('code', {}, id),
              ]),
            ),
        ),
      ),
    )
    if (reasons.length === 0) target.append(el('p', {}, 'It no longer waits.'))
  } catch (error) {
    target.replaceChildren(el('p', {}, error instanceof Error ? error.message : String(error)))
  }
}
