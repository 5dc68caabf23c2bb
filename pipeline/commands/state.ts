import { Option, type Command } from 'commander'

import type { Addon } from '../../native/addon.ts'
import { requireAddon } from '../addon.ts'
import { PipelineError } from '../errors.ts'
import { stateAt } from '../history.ts'
import { aidBytes, aidsOf, stateDigest } from '../replay.ts'
import { openReader } from '../store/lmdb.ts'
import type { StoreReader } from '../store/store.ts'
import { storeOption } from './options.ts'
import { primitive, whole, wholeBig } from './selection.ts'

interface StateFlags {
  readonly store: string
  readonly digest?: true
  readonly json?: true
  readonly at?: bigint
  readonly atFn?: number
}

/** `state`: what the events prove. */
export const stateCommand = (program: Command): Command =>
  program
    .command('state')
    .argument('[aid]', 'an AID; without one every AID has a line', primitive)
    .addOption(storeOption())
    .option(
      '--digest',
      'print two digests of the whole database: of key states and logs, and of these with all that waits',
    )
    .addOption(new Option('--at <sn>', 'as it was when this event was the last one').argParser(wholeBig))
    .addOption(
      new Option('--at-fn <fn>', 'as it was when this many events had been seen before').argParser(whole),
    )
    .option('--json', 'one JSON object a line')
    .description('Print the key state of an AID as a key state record, or of all AIDs in short.')
    .action(async (aid: string | undefined, flags: StateFlags) => {
      const addon = requireAddon()
      const store = await openReader(flags.store)
      try {
        process.stdout.write(answer(addon, store, aid, flags))
      } finally {
        await store.close()
      }
    })

function answer(addon: Addon, store: StoreReader, aid: string | undefined, flags: StateFlags): string {
  if (flags.digest) return digests(addon, store, flags)
  if (aid === undefined)
    return [...aidsOf(store)].map((each) => shortState(addon, store, each, flags)).join('')
  const state = stateWhen(addon, store, aid, flags)
  if (state === undefined)
    throw new PipelineError('config/unknown-aid', {
      what: `the database ${flags.store} holds no such key state of ${aid}`,
      next: 'look at all AIDs with "kelpipe state", or ingest the events of this one',
    })
  return flags.json ? `${state}\n` : `${JSON.stringify(JSON.parse(state), undefined, 2)}\n`
}

function stateWhen(
  addon: Addon,
  store: StoreReader,
  aid: string,
  { at, atFn }: StateFlags,
): string | undefined {
  if (at !== undefined) return stateAt(addon, store, aid, { sn: at })
  return atFn === undefined ? keyState(addon, store, aid) : stateAt(addon, store, aid, { fn: atFn })
}

function digests(addon: Addon, store: StoreReader, { json }: StateFlags): string {
  const state = stateDigest(addon, store, false)
  const full = stateDigest(addon, store, true)
  return json ? `${JSON.stringify({ type: 'digest', state, full })}\n` : `state ${state}\nfull  ${full}\n`
}

function shortState(addon: Addon, store: StoreReader, aid: string, { json }: StateFlags): string {
  const state = keyState(addon, store, aid)
  if (json) return state === undefined ? '' : `${state}\n`
  if (state === undefined) return `${aid}  no key state, entries wait\n`
  const { s, et, d } = JSON.parse(state) as Record<'s' | 'et' | 'd', string>
  return `${aid}  sn ${Number.parseInt(s, 16)}  ${et}  ${d}\n`
}

function keyState(addon: Addon, store: StoreReader, aid: string): string | undefined {
  const value = store.get('aids', aidBytes(aid))
  return value && (addon.keyState(aid, value, true) ?? undefined)
}
