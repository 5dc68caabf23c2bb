import type { Command } from 'commander'

import { requireAddon } from '../addon.ts'
import { PipelineError } from '../errors.ts'
import { why, whyText } from '../escrow/why.ts'
import { limits } from '../limits.ts'
import { openReader } from '../store/lmdb.ts'
import { storeOption } from './options.ts'
import { primitiveOrPlace } from './selection.ts'

/** `why`: what became of an event, and what it waits for. */
export const whyCommand = (program: Command): Command =>
  program
    .command('why')
    .argument('<said|aid@sn>', 'an event, an AID, or a place in a log, as in EKYL…@3', primitiveOrPlace)
    .addOption(storeOption())
    .option('--json', 'one JSON object')
    .description(
      'Say what an event waits for, since when, and who could supply it. A place, an AID, an inception and what waits are found at once; for the SAID of another accepted event all logs are read, in seconds for a million events.',
    )
    .action(async (asked: string, { store: directory, json }: { store: string; json?: true }) => {
      const addon = requireAddon()
      const store = await openReader(directory)
      try {
        const answer = await why({ addon, store, pageRecords: limits.scanPageRecords }, asked)
        if (!answer) throw unknown(asked, directory)
        process.stdout.write(`${json ? JSON.stringify(answer) : whyText(answer)}\n`)
      } finally {
        await store.close()
      }
    })

const unknown = (asked: string, directory: string): PipelineError =>
  new PipelineError('config/unknown-entry', {
    what: `the database ${directory} neither holds ${asked} nor has it wait: it never came, was refused, or waited too long`,
    next: 'ingest it again, with --verdicts - to see what becomes of it',
  })
