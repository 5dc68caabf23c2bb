/** Room in front of a chunk for the unfinished tail of the one before. */
export const headroomBytes: number = 64 * 1024

/** Buffers that are used again once their chunk is acknowledged. */
export class Buffers {
  #free: Uint8Array[] = []

  /** A buffer of at least `bytes`; its content is left over from its last use. */
  take(bytes: number): Uint8Array {
    const found = this.#free.findIndex((buffer) => buffer.length >= bytes)
    if (found >= 0) return this.#free.splice(found, 1)[0] ?? new Uint8Array(bytes)
    this.#free = []
    return new Uint8Array(bytes)
  }

  give(buffer: Uint8Array): void {
    this.#free.push(buffer)
  }
}
