import type { Command } from 'commander'

import { requireAddon } from '../addon.ts'
import { PipelineError } from '../errors.ts'
import { limits } from '../limits.ts'
import { aidBytes, aidsOf, replay } from '../replay.ts'
import { Output } from '../sinks/output.ts'
import { openReader } from '../store/lmdb.ts'
import { storeOption } from './options.ts'
import { primitives } from './selection.ts'

interface ExportFlags {
  readonly store: string
  readonly out: string
}

/** `export`: the key event logs as CESR, in the reference's replay format. */
export const exportCommand = (program: Command): Command =>
  program
    .command('export')
    .argument('[aid...]', 'AIDs; without one all of them, in byte order', primitives)
    .addOption(storeOption())
    .option('--out <file>', 'where to write (- for standard output)', '-')
    .description('Write key event logs as CESR. Ingesting them gives the identical state digest.')
    .action(async (aids: string[], flags: ExportFlags) => {
      const addon = requireAddon()
      const store = await openReader(flags.store)
      try {
        for (const aid of aids) requireKnown(store.get('aids', aidBytes(aid)), aid, flags.store)
        const output = new Output(flags.out, limits.sinkBufferBytes)
        for (const aid of aids.length > 0 ? aids : aidsOf(store))
          for (const message of replay(addon, store, aid)) await output.write(message)
        await output.close()
      } finally {
        await store.close()
      }
    })

function requireKnown(record: Uint8Array | undefined, aid: string, directory: string): void {
  if (record) return
  throw new PipelineError('config/unknown-aid', {
    what: `the database ${directory} knows nothing of ${aid}`,
    next: 'look at all AIDs with "kelpipe state"',
  })
}
