import { concatMap } from 'rxjs'

import type { Tool } from '../../native/tools.ts'
import type { Chunk, Origin } from '../../operators/flow.ts'
import type { Source } from './source.ts'

/** What is kept of an origin between its chunks. */
interface Reading {
  readonly tool: Tool
  /** Without checkpoint: positions count what the text stands for, so that a file is always read from its start. */
  readonly origin: Origin
  at: number
}

/** A source of annotated text as the stream that it stands for. `tool` makes a tool `deannotate` for each origin. */
export const annotatedSource = (source: Source, tool: () => Tool): Source => ({
  name: source.name,
  endless: source.endless,
  chunks: (context) => {
    const readings = new Map<Origin, Reading>()
    const plain = async (chunk: Chunk): Promise<Chunk> => {
      const { id, name } = chunk.origin
      const reading = readings.get(chunk.origin) ?? { tool: tool(), origin: { id, name }, at: 0 }
      readings.set(chunk.origin, reading)
      if (chunk.end === 'end') readings.delete(chunk.origin)
      const { bytes } = await reading.tool.next(chunk.bytes, chunk.end === 'end')
      const { origin, at } = reading
      reading.at += bytes.length
      return { ...chunk, origin, bytes, headroom: 0, at }
    }
    return source.chunks({ ...context, recall: () => undefined }).pipe(concatMap(plain))
  },
})
