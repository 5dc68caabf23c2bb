import { limits } from '../../limits.ts'

/** Writes fields of Kafka's protocol into a buffer that grows as it has to. */
export class Writer {
  #bytes: Buffer
  #at = 0

  constructor(bytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes)
  }

  get length(): number {
    return this.#at
  }

  /** What it can hold before it has to grow. */
  get capacity(): number {
    return this.#bytes.length
  }

  /** Begins anew; what was written is overwritten. */
  clear(): void {
    this.#at = 0
  }

  /** What is written so far. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  int8(value: number): void {
    this.reserve(1)
    this.#bytes[this.#at] = value
    this.#at += 1
  }

  int16(value: number): void {
    this.reserve(2)
    this.#at = this.#bytes.writeInt16BE(value, this.#at)
  }

  int32(value: number): void {
    this.reserve(4)
    this.#at = this.#bytes.writeInt32BE(value, this.#at)
  }

  int64(value: bigint): void {
    this.reserve(8)
    this.#at = this.#bytes.writeBigInt64BE(value, this.#at)
  }

  /** Writes a number of four bytes over what stands at a place. */
  int32At(place: number, value: number): void {
    this.#bytes.writeInt32BE(value | 0, place)
  }

  /** A signed number of 32 bits, in as few bytes as it takes. */
  varint(value: number): void {
    this.reserve(varintBytesMax)
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    for (; rest > 0x7f; rest >>>= 7) {
      this.#bytes[this.#at] = (rest & 0x7f) | 0x80
      this.#at += 1
    }
    this.#bytes[this.#at] = rest
    this.#at += 1
  }

  string(text: string): void {
    this.int16(textBytes(text))
    this.text(text)
  }

  varstring(text: string): void {
    this.varint(textBytes(text))
    this.text(text)
  }

  varbytes(value: Uint8Array | null): void {
    this.varint(value === null ? -1 : value.length)
    if (value !== null) this.raw(value)
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  text(text: string): void {
    this.reserve(text.length * utf8BytesMax)
    const start = this.#at
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) {
        this.#at = start + this.#bytes.write(text, start, 'utf8')
        return
      }
      this.#bytes[start + index] = unit
    }
    this.#at = start + text.length
  }

  /** Makes room for so many bytes more. */
  reserve(more: number): void {
    const needed = this.#at + more
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.bytes())
    this.#bytes = grown
  }
}

/** What a number of 32 bits takes at most, and a unit of a text. */
export const varintBytesMax = 5
export const utf8BytesMax = 3

/** What a number takes. */
export function varintBytes(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let bytes = 1
  for (; rest > 0x7f; rest >>>= 7) bytes += 1
  return bytes
}

/** What a text takes in UTF-8. Most are short and plain, and are looked at here. */
export function textBytes(text: string): number {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return Buffer.byteLength(text)
  return text.length
}

/**
 * Writers that are used again, so that large buffers are not made and given up many times a second: `limits.kafkaSpareBytes`
 * at most.
 */
class Writers {
  /** Those that were given back last stand last. */
  readonly #spare: Writer[] = []
  #bytes = 0

  /** A writer with room for so many bytes: of those that have it the smallest, or one of a size that others can use, too. */
  take(bytes: number): Writer {
    if (bytes <= smallBytes) return new Writer(bytes)
    let best = -1
    for (const [place, { capacity }] of this.#spare.entries())
      if (capacity >= bytes && capacity < (this.#spare[best]?.capacity ?? bytes + slackBytes)) best = place
    const [writer] = best < 0 ? [] : this.#spare.splice(best, 1)
    this.#bytes -= writer?.capacity ?? 0
    return writer ?? new Writer(Math.ceil(bytes / stepBytes) * stepBytes)
  }

  /** Takes a writer back; nobody reads any more what it wrote. */
  give(writer: Writer): void {
    const { capacity } = writer
    if (capacity <= smallBytes || capacity > limits.kafkaSpareBytes) return
    writer.clear()
    this.#spare.push(writer)
    this.#bytes += capacity
    while (this.#bytes > limits.kafkaSpareBytes) this.#bytes -= this.#spare.shift()?.capacity ?? 0
  }
}

/** Those of the process. */
export const writers: Writers = new Writers()

/** Buffers up to this size are cheaply made. */
const smallBytes = 65_536

/** Sizes of buffers that are used again are multiples of this. */
const stepBytes = 2 ** 18

/** By how much such a buffer may be larger than it has to be. */
const slackBytes = 2 ** 20
