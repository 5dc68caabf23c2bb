import { PipelineError } from '../../errors.ts'

/** What a record has none of, as bits: an empty key or value is another thing. */
export const lacks = { key: 1, value: 2 } as const

/** The fewest bytes of a record: its length, and six fields of a byte. */
export const recordBytesMin = 7

/** What a broker sent is not what it has to be. */
export const malformed = (what: string): PipelineError =>
  new PipelineError('source/kafka', {
    what: `a broker sent records that cannot be read: ${what}`,
    next: 'look at the broker and what stands between; nothing of them was taken in',
  })

/** The headers that begin at a place; of several of one name the first. */
export function headersIn(view: Uint8Array, at: number): Record<string, string> {
  const reader = new Reader(view)
  reader.at = at
  const headers = new Map<string, string>()
  for (let left = reader.varint(); left > 0; left -= 1) {
    const name = textOf(view, reader.field(), reader.at)
    const length = reader.field()
    if (length >= 0 && !headers.has(name)) headers.set(name, textOf(view, length, reader.at))
  }
  return Object.fromEntries(headers)
}

const textOf = (view: Uint8Array, length: number, end: number): string =>
  Buffer.from(view.buffer, view.byteOffset + end - length, length).toString()

/** Reads fields of records one after the other. */
export class Reader {
  readonly #bytes: Uint8Array
  at = 0
  /** What the last record had none of. */
  lacking = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Reads a record, and writes the places of key and value; by how much its offset is larger than that of its batch. */
  record(words: Uint32Array, place: number): number {
    const length = this.varint()
    const end = this.at + length
    if (length < recordBytesMin - 1 || end > this.#bytes.length)
      throw malformed(`a record of ${length} bytes`)
    // Attributes, of which there are none so far.
    this.at += 1
    this.#skipLong()
    const delta = this.varint()
    const key = this.field()
    words[place] = key < 0 ? this.at : this.at - key
    words[place + 1] = this.at
    const value = this.field()
    words[place + 2] = value < 0 ? this.at : this.at - value
    words[place + 3] = this.at
    this.lacking = (key < 0 ? lacks.key : 0) | (value < 0 ? lacks.value : 0)
    for (let left = this.varint(); left > 0 && this.at < end; left -= 1) {
      this.field()
      this.field()
    }
    if (this.at !== end) throw malformed('a record that is not as long as its fields')
    return delta
  }

  /** Passes over a field of so many bytes; -1 is none. */
  field(): number {
    const length = this.varint()
    if (length < -1) throw malformed(`a field of ${length} bytes`)
    if (length > 0) this.at += length
    return length
  }

  /** The bytes of a field, if it is there. */
  bytes(): Uint8Array | undefined {
    const length = this.field()
    return length < 0 ? undefined : this.#bytes.subarray(this.at - length, this.at)
  }

  /** A signed number of 32 bits. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.#bytes[this.at] ?? 0
      this.at += 1
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    throw malformed('a number of more than 32 bits')
  }

  #skipLong(): void {
    while ((this.#bytes[this.at] ?? 0) >= 0x80) this.at += 1
    this.at += 1
  }
}
