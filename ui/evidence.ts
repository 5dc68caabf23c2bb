import { get } from './api.ts'
import { badge, el, panel } from './dom.ts'
import { ageOf, decimal, shortened, whole } from './format.ts'

interface Found {
  readonly class: string
  readonly aid: string
  readonly sn: string
  readonly accepted: { readonly said: string }
  readonly other: {
    readonly said: string
    readonly since: string
    readonly signed: boolean
    readonly committed: boolean
    readonly witnessed: boolean
  }
}

const shownMax = 20

/** Who contradicted himself. */
export class Evidence {
  readonly root: HTMLElement
  readonly #list = el('ul', { class: 'entries' })
  readonly #download = el(
    'a',
    { class: 'quiet', attrs: { href: 'v1/duplicity/export', download: 'evidence.cesr', hidden: true } },
    'Export as CESR',
  )
  #count = -1

  constructor() {
    this.root = panel('Duplicity', [this.#download], this.#list)
  }

  /** Told how much evidence there is, once a second. */
  heard(count: number): void {
    if (count === this.#count) return
    this.#count = count
    this.#download.hidden = count === 0
    void this.#read()
  }

  async #read(): Promise<void> {
    try {
      const { evidence } = await get<{ evidence: readonly Found[] }>('v1/duplicity')
      this.#list.replaceChildren(...evidence.slice(0, shownMax).map(rowOf))
      const more = evidence.length - shownMax
      if (more > 0) this.#list.append(el('li', { class: 'empty' }, `and ${whole(more)} more`))
      if (evidence.length === 0)
        this.#list.append(el('li', { class: 'empty' }, 'No event contradicts an accepted one.'))
    } catch (error) {
      this.#list.replaceChildren(el('li', { class: 'empty' }, String(error)))
    }
  }
}

const rowOf = ({ class: kind, aid, sn, accepted, other }: Found): HTMLElement =>
  el(
    'li',
    { class: 'evidence' },
    el(
      'p',
      {},
      badge('duplicity', kind),
      ' at sn ',
      el('b', {}, decimal(sn)),
      ' of ',
      el('code', { attrs: { title: aid } }, shortened(aid)),
      el(
        'time',
        { class: 'muted right', attrs: { datetime: other.since, title: other.since } },
        ageOf(other.since),
      ),
    ),
    el(
      'p',
      { class: 'muted' },
      'accepted ',
      el('code', { attrs: { title: accepted.said } }, shortened(accepted.said)),
      ', then came ',
      el('code', { attrs: { title: other.said } }, shortened(other.said)),
    ),
    el('p', { class: 'muted' }, `the other one is ${proofs(other)}`),
  )

function proofs({ signed, committed, witnessed }: Found['other']): string {
  const held = [signed && 'signed', committed && 'by the keys committed to', witnessed && 'witnessed']
  return held.filter((each) => each !== false).join(', ') || 'not signed in full'
}
