type Child = Node | string | undefined | false

interface Props {
  readonly class?: string
  /** Attributes; `undefined` and `false` leave one out. */
  readonly attrs?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly on?: Readonly<Record<string, (event: Event) => void>>
}

const svgSpace = 'http://www.w3.org/2000/svg'

function filled<Made extends Element>(made: Made, props: Props, children: readonly Child[]): Made {
  if (props.class !== undefined) made.setAttribute('class', props.class)
  for (const [name, value] of Object.entries(props.attrs ?? {}))
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value))
  for (const [name, listener] of Object.entries(props.on ?? {})) made.addEventListener(name, listener)
  for (const child of children) if (child !== undefined && child !== false) made.append(child)
  return made
}

/** An element with its children. Text stays text: nothing from a stream is ever read as markup. */
export const el = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] => filled(document.createElement(tag), props, children)

export const svg = <Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] => filled(document.createElementNS(svgSpace, tag), props, children)

/** The element with an id; the page has it. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no element ${id}`)
  return found
}

/** A coloured word, such as a verdict. */
export const badge = (kind: string, text = kind): HTMLElement =>
  el('span', { class: 'badge', attrs: { 'data-kind': kind } }, text)

/** A panel with a heading and, beside that, what can be done. */
export function panel(title: string, tools: readonly Child[], ...children: readonly Child[]): HTMLElement {
  const heading = el('h2', {}, title)
  return el(
    'section',
    { class: 'panel', attrs: { 'aria-label': title } },
    el('header', { class: 'panel-head' }, heading, ...tools),
    ...children,
  )
}

/** A choice of one of some words. */
export function choice(
  label: string,
  values: readonly (readonly [value: string, text: string])[],
  chosen: (value: string) => void,
): HTMLSelectElement {
  const options = values.map(([value, text]) => el('option', { attrs: { value } }, text))
  const select = el('select', { attrs: { 'aria-label': label } }, ...options)
  select.addEventListener('change', () => chosen(select.value))
  return select
}
