import { appendFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { PipelineError } from '../errors.ts'
import type { Limits } from '../limits.ts'

type FolderLimits = Pick<Limits, 'splitBufferBytes' | 'splitFilesMax' | 'splitFilesOpen'>

/** Many files of one folder, written with a bounded buffer and few of them open at a time. */
export class FolderOutput {
  readonly #path: string
  readonly #limits: FolderLimits
  #waiting = new Map<string, Waiting>()
  #bytes = 0
  #files = 0

  private constructor(path: string, limits: FolderLimits) {
    this.#path = path
    this.#limits = limits
  }

  /** Opens a folder that is new or empty. */
  static async open(path: string, limits: FolderLimits): Promise<FolderOutput> {
    const found = await written(path, async () => {
      await mkdir(path, { recursive: true })
      return readdir(path)
    })
    if (found.length === 0) return new FolderOutput(path, limits)
    throw new PipelineError('sink/not-empty', {
      what: `the folder ${path} is not empty`,
      next: 'name a new one',
    })
  }

  /** Files that were begun. */
  get files(): number {
    return this.#files
  }

  /** Appends to a file, which is to be a new one if it is the `first` piece of it. */
  async write(name: string, bytes: Uint8Array, first: boolean): Promise<void> {
    if (first) this.#count()
    const waiting = this.#waiting.get(name) ?? { isNew: first, pieces: [] }
    waiting.pieces.push(bytes)
    this.#waiting.set(name, waiting)
    this.#bytes += bytes.length
    if (this.#bytes >= this.#limits.splitBufferBytes) await this.flush()
  }

  /** Resolves when all is written. */
  async flush(): Promise<void> {
    // All writers take from one iterator, each the next file that none has taken.
    const waiting = this.#waiting.entries()
    this.#waiting = new Map()
    this.#bytes = 0
    const writer = async (): Promise<void> => {
      for (const [name, { isNew, pieces }] of waiting) {
        const path = join(this.#path, name)
        // Where names are compared without case, two AIDs can have one file: that is refused, not mixed.
        const flag = isNew ? 'ax' : 'a'
        await written(path, async () => appendFile(path, Buffer.concat(pieces), { flag }))
      }
    }
    await Promise.all(Array.from({ length: this.#limits.splitFilesOpen }, writer))
  }

  #count(): void {
    this.#files += 1
    if (this.#files <= this.#limits.splitFilesMax) return
    throw new PipelineError('sink/too-many-files', {
      what: `${this.#path} would hold more than ${this.#limits.splitFilesMax} files`,
      next: 'split by AID, or a part of the stream at a time',
    })
  }
}

interface Waiting {
  readonly isNew: boolean
  readonly pieces: Uint8Array[]
}

async function written<Result>(path: string, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write()
  } catch (cause) {
    throw new PipelineError('sink/write', {
      what: `cannot write to ${path}`,
      next: 'name a folder that you may write to',
      cause,
    })
  }
}
