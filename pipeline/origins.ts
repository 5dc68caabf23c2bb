import { bytesText, textBytes } from './text.ts'
import type { StoreReader } from './store/store.ts'

const prefix = 'origin/'
const recordName = (number: number): string => `${prefix}${`${number}`.padStart(10, '0')}`

/** What all sources beyond the most that are told apart share. */
const others = 0
const othersName = 'others'

/** The name of the source with a number. */
export function originName(store: StoreReader, number: number): string {
  const name = store.get('meta', textBytes(recordName(number)))
  if (name) return bytesText(name)
  return number === others ? othersName : `source ${number}`
}

/** The names of sources by the numbers that stored entries have. */
export function originNames(store: StoreReader): ReadonlyMap<number, string> {
  const names = Array.from(
    store.scan('meta', { prefix: textBytes(prefix) }),
    ({ key, value }): [number, string] => [Number(bytesText(key).slice(prefix.length)), bytesText(value)],
  )
  return new Map([[others, othersName], ...names])
}

/**
 * Numbers of sources. A name has the same number in every run, so that what waits can be counted, listed and limited by
 * who brought it.
 */
export class Origins {
  readonly #numbers: Map<string, number>
  readonly #originsMax: number
  readonly #new: (readonly [name: string, value: Uint8Array])[] = []

  constructor(store: StoreReader, originsMax: number) {
    this.#numbers = new Map([...originNames(store)].map(([number, name]) => [name, number]))
    this.#originsMax = originsMax
  }

  /** The number of a name; of a new one beyond the most, that of all others. */
  number(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    if (this.#numbers.size > this.#originsMax) return others
    const number = this.#numbers.size
    this.#numbers.set(name, number)
    this.#new.push([recordName(number), textBytes(name)])
    return number
  }

  /** Records of the names that are new since the last call. */
  records(): readonly (readonly [name: string, value: Uint8Array])[] {
    return this.#new.splice(0)
  }
}
