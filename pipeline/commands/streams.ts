import { concatMap, lastValueFrom } from 'rxjs'

import { tool, type Made, type ToolName, type ToolOptions } from '../../native/tools.ts'
import type { Chunk } from '../../operators/flow.ts'
import { Tail } from '../../operators/tail.ts'
import { requireAddon } from '../addon.ts'
import { PipelineError } from '../errors.ts'
import { limits } from '../limits.ts'
import { sourcesOf } from '../sources/index.ts'
import { once, type Source } from '../sources/source.ts'
import { exitCodes } from '../summary.ts'
import { say } from '../terminal.ts'
import type { TableFlags } from './options.ts'
import { onSignals } from './signals.ts'

export const streamHelp = 'a file (.gz and .zst too), a folder, or - (standard input)'

/** The sources that arguments name, each of which has an end. */
export function streamsOf(names: readonly string[]): Source[] {
  requireAddon()
  return names.flatMap((name) => {
    if (/^(tcp|unix):/.test(name))
      throw new PipelineError('config/endless', {
        what: `${name} is a stream without an end`,
        next: `SRC is ${streamHelp}`,
      })
    return sourcesOf(name)
  })
}

/** The one stream that an argument names. */
export function streamOf(name: string): Source {
  const [source, another] = streamsOf([name])
  if (source && !another) return source
  throw new PipelineError('config/streams', {
    what: `the folder ${name} holds more than one stream`,
    next: 'name one of its files',
  })
}

/** Says why a stream was refused, and sets the exit code. */
export function sayRefused(name: string, problem: string): void {
  say(`refused: ${name}: ${problem}\n  next: "kelpipe annotate" shows what stands there`)
  process.exitCode = problem.startsWith('cesr/truncated') ? exitCodes.incomplete : exitCodes.rejected
}

export const toolOptions = (flags: TableFlags): ToolOptions => ({
  mode: 'hardened',
  genus: Number(flags.genus ?? 0),
  skipUnknown: flags.unknown === 'skip',
})

/** How a tool came to its end: refused why, interrupted, or neither. */
export interface Over {
  readonly whole: boolean
  readonly problem: string | undefined
}

/** Goes over streams, one after the other, and tells what it comes to. */
export async function overStreams(
  sources: readonly Source[],
  name: ToolName,
  { options, use }: { options: ToolOptions; use: (made: Made, source: Source) => Promise<void> },
): Promise<Over> {
  const stop = new AbortController()
  const forget = onSignals(() => {
    process.exitCode = exitCodes.interrupted
    stop.abort()
  })
  let problem: string | undefined
  try {
    for (const source of sources) {
      const windows = new Windows(name, options)
      const step = async (chunk: Chunk): Promise<void> => {
        if (stop.signal.aborted) return chunk.ack()
        const made = await windows.next(chunk)
        if (!made) return
        problem = made.problem
        if (problem === undefined) await use(made, source)
        else stop.abort()
      }
      const chunks = source.chunks(once(limits, stop.signal, say))
      await lastValueFrom(chunks.pipe(concatMap(step)), { defaultValue: undefined })
    }
  } finally {
    forget()
  }
  return { whole: !stop.signal.aborted, problem }
}

/** Hands a stream to a tool: what is unfinished stands before what comes next. */
class Windows {
  readonly #tool
  readonly #tail = new Tail()
  /** A message at hand is looked at again when there is twice as much: so all looks together are linear. */
  #enough = 0

  constructor(name: ToolName, options: ToolOptions) {
    this.#tool = tool(name, options)
  }

  async next(chunk: Chunk): Promise<Made | undefined> {
    const end = chunk.end === 'end'
    this.#tail.append(chunk.bytes)
    chunk.ack()
    if (this.#tail.length < this.#enough && !end) return undefined
    const made = await this.#tool.next(this.#tail.view(), end)
    this.#tail.take(made.consumed)
    this.#enough = 2 * this.#tail.length
    return made
  }
}
