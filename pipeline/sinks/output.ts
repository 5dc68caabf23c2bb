import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'

import { PipelineError, systemCode } from '../errors.ts'

/** Where a sink's bytes go: a file, or standard output for `-`. */
export class Output {
  readonly #stream: Writable
  readonly #name: string
  #failure: PipelineError | undefined

  constructor(path: string, bufferBytes: number) {
    this.#name = path === '-' ? 'standard output' : path
    this.#stream = path === '-' ? process.stdout : createWriteStream(path, { highWaterMark: bufferBytes })
    this.#stream.on('error', (cause) => {
      this.#failure = new PipelineError('sink/write', {
        what: `cannot write to ${this.#name}`,
        next: hint(cause),
        cause,
      })
    })
  }

  /** Resolves when there is room for more. The bytes may be used again then only if they were copied. */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.#failure) throw this.#failure
    if (bytes.length === 0 || this.#stream.write(bytes)) return
    await once(this.#stream, 'drain').catch(() => undefined)
    if (this.#failure) throw this.#failure
  }

  /** Resolves when all is written; standard output stays open. */
  async close(): Promise<void> {
    if (this.#stream !== process.stdout) {
      this.#stream.end()
      await finished(this.#stream).catch(() => undefined)
    }
    if (this.#failure) throw this.#failure
  }
}

const hint = (cause: unknown): string =>
  systemCode(cause) === 'EPIPE'
    ? 'the program that reads it has ended'
    : 'name a file in a folder that you may write to'
