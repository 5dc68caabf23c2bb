/** Smallest buffer for an unfinished tail. */
const tailBytesMin = 1024

/**
 * The unfinished tail of a stream, in a buffer that doubles as it fills: appending is linear, however small the
 * pieces.
 */
export class Tail {
  #bytes = new Uint8Array(0)
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  /** A view that is good until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end)
  }

  append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** Forgets all and keeps the buffer. */
  clear(): void {
    this.#start = 0
    this.#end = 0
  }

  /**
   * Takes the first `count` bytes out, as a view that nothing touches any more. Either they are copied or the rest
   * is, whichever is shorter, so that no byte is copied more often than bytes are taken.
   */
  take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#start, this.#start + count)
    const rest = this.#bytes.subarray(this.#start + count, this.#end)
    if (rest.length > count) {
      this.#start += count
      return taken.slice()
    }
    this.#bytes = new Uint8Array(Math.max(tailBytesMin, rest.length * 2))
    this.#bytes.set(rest)
    this.#start = 0
    this.#end = rest.length
    return taken
  }

  /** Makes room for `more` bytes, in a larger buffer or by moving what is there to the front. */
  #grow(more: number): void {
    const { length } = this
    const roomy = length + more <= this.#bytes.length >> 1
    const grown = roomy ? this.#bytes : new Uint8Array(Math.max(tailBytesMin, (length + more) * 2))
    grown.set(this.view())
    this.#bytes = grown
    this.#start = 0
    this.#end = length
  }
}
