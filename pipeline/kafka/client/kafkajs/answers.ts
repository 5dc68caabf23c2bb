import { connect, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import type { ISocketFactory } from 'kafkajs'

/** Bytes in front of an answer that say how many follow. */
const lengthBytes = 4

/** What an answer begins with that is said to be larger than any that was asked for: memory is taken as its bytes come. */
const firstBytes = 32 * 2 ** 20

/** Puts answers of a broker together from what comes in. Each is copied once, to where it stays. */
export class Answers {
  readonly #length = Buffer.alloc(lengthBytes)
  #lengthFilled = 0
  /** Bytes of the answer that is coming in, its length among them. */
  #size = 0
  #answer = Buffer.alloc(0)
  #filled = 0

  /**
   * The answers that end in a chunk, each with its length in front. The chunk may be used again.
   *
   * @throws RangeError if a length is none.
   */
  take(chunk: Uint8Array): Buffer[] {
    const answers: Buffer[] = []
    for (let at = 0; at < chunk.length;) {
      at += this.#size === 0 ? this.#takeLength(chunk, at) : this.#takeBytes(chunk, at)
      if (this.#size === 0 || this.#filled < this.#size) continue
      answers.push(this.#answer)
      this.#size = 0
      this.#lengthFilled = 0
      this.#answer = Buffer.alloc(0)
    }
    return answers
  }

  #takeLength(chunk: Uint8Array, at: number): number {
    const taken = chunk.subarray(at, at + lengthBytes - this.#lengthFilled)
    this.#length.set(taken, this.#lengthFilled)
    this.#lengthFilled += taken.length
    if (this.#lengthFilled === lengthBytes) {
      const length = this.#length.readInt32BE()
      if (length < 0) throw new RangeError(`an answer of ${length} bytes`)
      this.#size = lengthBytes + length
      this.#answer = Buffer.allocUnsafeSlow(Math.min(this.#size, firstBytes))
      this.#answer.set(this.#length)
      this.#filled = lengthBytes
    }
    return taken.length
  }

  #takeBytes(chunk: Uint8Array, at: number): number {
    const taken = chunk.subarray(at, at + this.#size - this.#filled)
    const needed = this.#filled + taken.length
    if (needed > this.#answer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#size, Math.max(needed, this.#answer.length * 2)))
      grown.set(this.#answer.subarray(0, this.#filled))
      this.#answer = grown
    }
    this.#answer.set(taken, this.#filled)
    this.#filled = needed
    return taken.length
  }
}

/** What a socket reads at once. */
const chunkBytes = 64 * 1024

/** After how long without traffic a connection is looked at, as kafkajs has it. */
const keepAliveMs = 60_000

/** Sockets that read into the same buffer again and again, where they are not encrypted. */
export const socketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket: Socket = ssl
    ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ...ssl }, onConnect)
    : connect({ host, port, onread: onread((chunk) => socket.emit('data', chunk)) }, onConnect)
  socket.setKeepAlive(true, keepAliveMs)
  return socket
}

const onread = (take: (chunk: Uint8Array) => void): OnReadOpts => ({
  buffer: Buffer.allocUnsafeSlow(chunkBytes),
  callback: (size, chunk) => {
    take(chunk.subarray(0, size))
    return true
  },
})
