import { badge, choice, el, panel } from './dom.ts'
import { decimal, shortened } from './format.ts'

/** A verdict as `/v1/live` tells it. */
export interface Told {
  readonly aid: string
  readonly sn: string
  readonly said: string
  readonly ilk: string
  readonly verdict: string
  readonly code?: string
  readonly escrow?: string
}

const shownMax = 40

/** The last verdicts, a part of them where many come. */
export class Feed {
  readonly root: HTMLElement
  readonly #list = el(
    'ul',
    { class: 'feed' },
    el('li', { class: 'empty' }, 'Nothing came since this page was opened.'),
  )
  readonly #pause = el(
    'button',
    { class: 'quiet', attrs: { type: 'button', 'aria-pressed': 'false' } },
    'Pause',
  )
  #paused = false
  #wanted = ''
  #empty = true

  constructor(verdicts: readonly string[]) {
    const all = [['', 'all verdicts'] as const, ...verdicts.map((verdict) => [verdict, verdict] as const)]
    const select = choice('Verdict', all, (verdict) => {
      this.#wanted = verdict
      for (const row of this.#list.children) this.#hide(row)
    })
    this.#pause.addEventListener('click', () => {
      this.#paused = !this.#paused
      this.#pause.setAttribute('aria-pressed', String(this.#paused))
      this.#pause.textContent = this.#paused ? 'Go on' : 'Pause'
    })
    this.root = panel('Latest verdicts', [select, this.#pause], this.#list)
  }

  add(told: readonly Told[]): void {
    if (this.#paused || told.length === 0) return
    if (this.#empty) this.#list.replaceChildren()
    this.#empty = false
    for (const each of told) this.#list.prepend(this.#row(each))
    while (this.#list.children.length > shownMax) this.#list.lastElementChild?.remove()
  }

  #row({ aid, sn, ilk, verdict, code, escrow }: Told): HTMLElement {
    const row = el(
      'li',
      { attrs: { 'data-verdict': verdict } },
      badge(verdict),
      el('span', { class: 'ilk' }, ilk),
      el('span', {}, decimal(sn)),
      el('code', { attrs: { title: aid } }, shortened(aid)),
      el('span', { class: 'muted grow' }, code ?? escrow ?? ''),
    )
    this.#hide(row)
    return row
  }

  #hide(row: Element): void {
    const verdict = row.getAttribute('data-verdict')
    row.toggleAttribute('hidden', this.#wanted !== '' && verdict !== null && verdict !== this.#wanted)
  }
}
