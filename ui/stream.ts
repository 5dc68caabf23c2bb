import type { Verdict } from './words.ts'

/** A counter, a primitive, a body, or bytes that are no message, as `kelpipe annotate --json` tells it. */
export interface Line {
  readonly offset: number
  readonly size: number
  readonly depth: number
  readonly code: string
  readonly name: string
  readonly form: 'text' | 'bytes' | 'shown'
  readonly value: string
  readonly meaning: string
}

/** A message with its verdict, or a stretch of bytes that is none. */
export interface Item {
  readonly offset: number
  readonly bytes: number
  readonly aid: string
  readonly sn: string
  readonly said: string
  readonly ilk: string
  readonly first: Verdict
  /** What became of it later, if it waited. */
  later?: Verdict
}

interface VerdictLine extends Verdict {
  readonly type: 'verdict'
  readonly offset?: number
  readonly bytes?: number
  readonly aid: string
  readonly sn: string
  readonly said: string
  readonly ilk: string
}

interface FaultLine {
  readonly type: 'fault'
  readonly offset: number
  readonly bytes: number
  readonly code: string
  readonly message: string
}

type Told =
  | VerdictLine
  | FaultLine
  | ({ readonly type: 'annotation' } & Line)
  | { readonly type: 'end'; readonly failure?: string }

/** Lines are read for so long at a time; between, the page is drawn and listens. */
const sliceMs = 8
/** What is known so far is shown so often. */
const progressMs = 100

/** A stream taken apart: what the server tells about it, joined with its bytes, which never leave for elsewhere. */
export class Stream {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly items: Item[] = []
  readonly #lines: Line[] = []
  readonly #waiting = new Map<string, Item[]>()
  failure: string | undefined

  constructor(name: string, bytes: Uint8Array<ArrayBuffer>) {
    this.name = name
    this.bytes = bytes
  }

  /** Has the server look at the stream; calls back as more is known. */
  async read(signal: AbortSignal, progress: () => void): Promise<void> {
    const response = await fetch('v1/inspect', {
      method: 'POST',
      headers: { 'Content-Type': 'application/cesr' },
      body: this.bytes,
      signal,
    })
    if (!response.ok || !response.body) {
      const problem = (await response.json()) as { description?: string; next?: string }
      throw new Error([problem.description, problem.next].filter(Boolean).join('; '))
    }
    let [began, shown] = [performance.now(), 0]
    for await (const line of linesOf(response.body)) {
      this.#take(JSON.parse(line) as Told)
      if (performance.now() - began < sliceMs) continue
      if (performance.now() - shown > progressMs) {
        progress()
        shown = performance.now()
      }
      await nextFrame()
      signal.throwIfAborted()
      began = performance.now()
    }
    this.items.sort((a, b) => a.offset - b.offset)
    progress()
  }

  /** The lines that stand within bytes `start` to `end`. */
  linesWithin(start: number, end: number): readonly Line[] {
    const from = this.#firstFrom(start)
    return this.#lines.slice(from, this.#firstFrom(end))
  }

  /** The text of some bytes: as it is, or in Base64. */
  textOf({ offset, size, form, value }: Line): string {
    if (form === 'shown') return value
    const bytes = this.bytes.subarray(offset, offset + size)
    return form === 'text' ? new TextDecoder().decode(bytes) : base64Of(bytes)
  }

  #take(told: Told): void {
    if (told.type === 'annotation') {
      if (told.name !== 'fault') this.#lines.push(told)
    } else if (told.type === 'verdict') this.#takeVerdict(told)
    else if (told.type === 'fault') {
      const { offset, bytes, code, message } = told
      const first = { verdict: 'fault', code, awaits: message }
      this.items.push({ offset, bytes, aid: '', sn: '', said: '', ilk: '', first })
    } else this.failure = told.failure
  }

  #takeVerdict(told: VerdictLine): void {
    const { offset, bytes, aid, sn, said, ilk } = told
    const key = `${aid} ${sn} ${said}`
    if (offset === undefined || bytes === undefined) {
      for (const item of this.#waiting.get(key) ?? []) item.later = told
      return
    }
    const item: Item = { offset, bytes, aid, sn, said, ilk, first: told }
    this.items.push(item)
    if (told.verdict === 'escrowed') this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), item])
  }

  #firstFrom(offset: number): number {
    let [low, high] = [0, this.#lines.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#lines[middle]?.offset ?? 0) < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The verdict that holds in the end. */
export const outcome = ({ first, later }: Item): Verdict => later ?? first

export function base64Of(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const lines = (rest + value).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

const nextFrame = async (): Promise<void> =>
  new Promise((resolve) => {
    // A page that is not shown draws no frames.
    if (document.hidden) setTimeout(resolve)
    else requestAnimationFrame(() => resolve())
  })
