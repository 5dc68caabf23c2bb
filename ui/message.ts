import { labelInWords, primitiveOf, sortOf, sorts } from './codes.ts'
import { badge, el } from './dom.ts'
import { bytes, decimal, whole } from './format.ts'
import { piecesOf, type Piece } from './pieces.ts'
import { outcome, type Item, type Line, type Stream } from './stream.ts'
import { ilkInWords, verdictInWords } from './words.ts'

/** Pieces and rows that are drawn at a time; a button brings more. */
const drawnMax = 400

/** All about one message: verdict, bytes in colours, fields, primitives. */
export function messageView(
  stream: Stream,
  item: Item,
  texts: Readonly<Record<string, string>>,
): HTMLElement {
  const lines = stream.linesWithin(item.offset, item.offset + item.bytes)
  const pieces = piecesOf(lines, (line) => stream.textOf(line))
  const fields = fieldsOf(stream, lines)
  return el(
    'article',
    { class: 'message' },
    head(item, texts),
    facts(item, lines),
    section('Bytes', bytesView(pieces), sortLegend()),
    fields !== undefined && section('Fields', fieldsView(fields)),
    section('Primitives and groups', primitivesView(stream, lines)),
  )
}

/** What the colours stand for. */
export const sortLegend = (): HTMLElement =>
  el(
    'ul',
    { class: 'legend' },
    ...sorts.map(([sort, text]) =>
      el('li', {}, el('span', { class: 'swatch', attrs: { 'data-sort': sort } }), text),
    ),
  )

const section = (title: string, ...children: HTMLElement[]): HTMLElement =>
  el('section', { attrs: { 'aria-label': title } }, el('h3', {}, title), ...children)

function head(item: Item, texts: Readonly<Record<string, string>>): HTMLElement {
  const { ilk, sn, first, later } = item
  const isFault = first.verdict === 'fault'
  const title = isFault ? 'No message' : `${ilkInWords(ilk)} ${ilk === 'rct' ? 'of' : ''} ${decimal(sn)}`
  const sentence = isFault
    ? `These bytes are no message: ${first.code ?? ''}: ${first.awaits ?? ''}.`
    : `${later ? 'It waited at first. ' : ''}${verdictInWords(outcome(item), texts)}`
  return el(
    'header',
    { class: 'message-head' },
    el('h2', {}, title),
    badge(outcome(item).verdict),
    el('p', { class: 'reason-line' }, sentence),
  )
}

function facts({ aid, said, offset, bytes: size }: Item, lines: readonly Line[]): HTMLElement {
  const body = lines.find(({ name }) => name.endsWith('body'))
  const rows: (readonly [string, string | HTMLElement])[] = [
    ['AID', el('code', {}, aid || '–')],
    ['SAID', el('code', {}, said || '–')],
    ['Place', `byte ${whole(offset)}, ${whole(size)} bytes`],
    ['Kind', body ? `${body.code}, body of ${bytes(body.size)}` : '–'],
  ]
  return el(
    'dl',
    { class: 'facts' },
    ...rows.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
  )
}

/** The bytes in colours. One piece at a time can be reached by Tab, the others from it by arrow keys. */
function bytesView(pieces: readonly Piece[]): HTMLElement {
  const readout = el(
    'p',
    { class: 'readout', attrs: { 'aria-live': 'polite' } },
    'Point at a piece, or use the arrow keys.',
  )
  const box = el('div', {
    class: 'bytes',
    attrs: { role: 'group', 'aria-label': 'The message, piece by piece' },
  })
  const explain = (target: EventTarget | null): void => {
    const element = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-piece]') : null
    const piece = element && pieces[Number(element.dataset['piece'])]
    if (!element || !piece) return
    for (const other of box.querySelectorAll('[data-shown]')) other.removeAttribute('data-shown')
    element.setAttribute('data-shown', '')
    readout.replaceChildren(...explained(piece))
  }
  box.addEventListener('pointerover', ({ target }) => explain(target))
  box.addEventListener('focusin', ({ target }) => explain(target))
  box.addEventListener('keydown', (event) => walk(event, box))
  drawMore(box, pieces, (piece, index) => pieceView(piece, index))
  return el('div', { class: 'bytes-box' }, box, readout)
}

const pieceView = ({ text, sort }: Piece, index: number): HTMLElement =>
  el(
    'span',
    { class: 'piece', attrs: { 'data-sort': sort, 'data-piece': index, tabindex: index === 0 ? 0 : -1 } },
    text,
  )

function explained({ text, sort, code, name, offset, size, meaning }: Piece): (HTMLElement | string)[] {
  return [
    el('span', { class: 'swatch', attrs: { 'data-sort': sort } }),
    el('b', {}, name),
    code === '' ? '' : el('code', {}, code),
    el('span', {}, `byte ${whole(offset)}, ${whole(size)} bytes`),
    el('span', {}, meaning),
    sort === 'plain'
      ? ''
      : el('code', { class: 'value' }, text.length > 120 ? `${text.slice(0, 120)}…` : text),
  ]
}

/** Moves the focus from piece to piece. */
function walk(event: KeyboardEvent, box: HTMLElement): void {
  const pieces = [...box.querySelectorAll<HTMLElement>('[data-piece]')]
  const at = pieces.indexOf(document.activeElement as HTMLElement)
  const moves: Readonly<Record<string, number>> = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    Home: 0,
    End: pieces.length - 1,
  }
  const next = pieces[moves[event.key] ?? -1]
  if (at < 0 || !next) return
  event.preventDefault()
  pieces[at]?.setAttribute('tabindex', '-1')
  next.setAttribute('tabindex', '0')
  next.focus()
}

/** Draws the first of many, and a button for the next ones. */
function drawMore<Entry>(
  target: HTMLElement,
  entries: readonly Entry[],
  draw: (entry: Entry, index: number) => HTMLElement,
  from = 0,
): void {
  const to = Math.min(entries.length, from + drawnMax)
  target.append(...entries.slice(from, to).map((entry, index) => draw(entry, from + index)))
  if (to === entries.length) return
  const more = el(
    'button',
    { class: 'quiet', attrs: { type: 'button' } },
    `Show more of ${whole(entries.length)}`,
  )
  more.addEventListener('click', () => {
    more.remove()
    drawMore(target, entries, draw, to)
  })
  target.append(more)
}

/** The fields of the event; nothing where the body is no map. */
function fieldsOf(stream: Stream, lines: readonly Line[]): Readonly<Record<string, unknown>> | undefined {
  const body = lines.find(({ name }) => name.endsWith('body'))
  if (!body) return undefined
  const text = body.code === 'JSON' ? stream.textOf(body) : body.meaning
  try {
    const fields: unknown = JSON.parse(text)
    return typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

const fieldsView = (fields: Readonly<Record<string, unknown>>): HTMLElement =>
  el(
    'table',
    { class: 'fields' },
    el(
      'tbody',
      {},
      ...Object.entries(fields).map(([label, value]) =>
        el(
          'tr',
          {},
          el('th', { attrs: { scope: 'row' } }, el('code', {}, label)),
          el('td', { class: 'label' }, labelInWords(label)),
          el('td', {}, valueView(value)),
        ),
      ),
    ),
  )

function valueView(value: unknown): HTMLElement {
  if (Array.isArray(value)) {
    if (value.length === 0) return el('div', { class: 'muted' }, 'none')
    return el(
      'ol',
      { class: 'values' },
      ...value.slice(0, drawnMax).map((each) => el('li', {}, valueView(each))),
    )
  }
  if (typeof value === 'object' && value !== null) return fieldsView(value as Record<string, unknown>)
  const text = String(value)
  const primitive = primitiveOf(text)
  const sort = primitive && sortOf(primitive.code, primitive.name)
  return el(
    'div',
    {},
    el('code', { class: 'value', attrs: { 'data-sort': sort, title: primitive?.name } }, text),
  )
}

function primitivesView(stream: Stream, lines: readonly Line[]): HTMLElement {
  const body = el('tbody')
  drawMore(body, lines, ({ ...line }) => primitiveRow(stream, line))
  const heads = ['Offset', 'Code', 'Name', 'Bytes', 'Meaning']
  return el(
    'table',
    { class: 'primitives' },
    el('thead', {}, el('tr', {}, ...heads.map((name) => el('th', { attrs: { scope: 'col' } }, name)))),
    body,
  )
}

function primitiveRow(stream: Stream, line: Line): HTMLElement {
  const { offset, code, name, size, depth, meaning } = line
  const isBody = name.endsWith('body')
  const said = isBody ? '' : meaning || stream.textOf(line)
  return el(
    'tr',
    { attrs: { 'data-depth': Math.min(depth, 6) } },
    el('td', { class: 'number' }, whole(offset)),
    el('td', {}, el('code', { class: 'chip', attrs: { 'data-sort': sortOf(code, name) } }, code || '–')),
    el('td', { class: 'nested' }, name),
    el('td', { class: 'number' }, whole(size)),
    el('td', { class: 'meaning' }, said.length > 100 ? `${said.slice(0, 100)}…` : said),
  )
}
