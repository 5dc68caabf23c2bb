import type { Readable } from 'node:stream'

import { from, type Observable } from 'rxjs'

import type { Chunk } from '../../operators/flow.ts'
import { gathered } from './gathered.ts'
import type { Source } from './source.ts'

/** A stream without positions, such as a pipe. It has no identity either, so that each run reads it as new. */
export const streamSource = (name: string, open: () => Readable): Source => ({
  name,
  endless: false,
  chunks: (context): Observable<Chunk> => {
    const origin = { id: context.numberOf(name), name }
    return from(gathered(open(), { origin, credits: context.credits, context }))
  },
})

/** Standard input. */
export const stdinSource = (): Source => streamSource('standard input', () => process.stdin)
