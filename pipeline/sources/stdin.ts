import { from, type Observable } from 'rxjs'

import type { Chunk } from '../../operators/flow.ts'
import { Slots } from '../../operators/slots.ts'
import { gathered } from './gathered.ts'
import type { Source } from './source.ts'

/** Standard input. It has no identity, so it is read from its start each time. */
export function stdinSource(): Source {
  return {
    name: 'standard input',
    endless: false,
    chunks: (context): Observable<Chunk> => {
      const origin = { id: context.nextOrigin(), name: 'standard input' }
      return from(
        gathered(process.stdin, {
          origin,
          credits: new Slots(context.limits.creditsPerSource, context.signal),
          context,
        }),
      )
    },
  }
}
