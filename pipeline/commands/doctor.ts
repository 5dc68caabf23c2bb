import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { availableParallelism, release, totalmem } from 'node:os'
import { join } from 'node:path'

import { Option, type Command } from 'commander'

import type { Addon, Features } from '../../native/addon.ts'
import { packageRoot } from '../../native/root.ts'
import { tableNames } from '../../native/tables.ts'
import { Tally } from '../../operators/meter.ts'
import { requireAddon } from '../addon.ts'
import { settingNames } from '../config/settings.ts'
import { limits } from '../limits.ts'
import { Pace } from '../pace.ts'
import { run } from '../run.ts'
import { fileSource } from '../sources/file.ts'
import { openReader } from '../store/lmdb.ts'
import { writerOf } from '../store/lock.ts'
import { MemoryStore } from '../store/memory.ts'
import { exitCodes } from '../summary.ts'
import { version } from '../version.ts'
import { bad, type Finding } from './finding.ts'
import { fleet } from './fleet.ts'
import { engineOptions, standardRules, storeOption } from './options.ts'

/** `doctor`: what runs here, whether it works, and what to do where it does not. */
export const doctorCommand = (program: Command): Command =>
  program
    .command('doctor')
    .addOption(storeOption())
    .addOption(
      new Option('-c, --config <file>', 'a configuration of "run": looks at it, and asks its brokers').env(
        'KELPIPE_CONFIG',
      ),
    )
    .option('--json', 'one JSON object a line')
    .description(
      'Say what runs here and whether it works: versions, the native addon, settings, the database.',
    )
    .action(async ({ store, config, json }: { store: string; config?: string; json?: true }) => {
      const findings = [
        ...machine(),
        ...(await native()),
        bounds(),
        ...settings(program),
        ...(await database(store)),
        await disk(store),
        ...(config === undefined ? [] : await fleet(config)),
      ]
      for (const finding of findings)
        process.stdout.write(json ? `${JSON.stringify(finding)}\n` : inWords(finding))
      if (findings.some(({ ok }) => !ok)) process.exitCode = exitCodes.internal
    })

const inWords = ({ ok, what, next }: Finding): string =>
  `${ok ? (next ? '?? ' : 'ok ') : 'BAD'}  ${what}${next ? `\n     next: ${next}` : ''}\n`

const machine = (): Finding[] => [
  { ok: true, what: `kelpipe ${version()}, Node ${process.versions.node}` },
  {
    ok: true,
    what: `${process.platform} ${release()} ${process.arch}, ${availableParallelism()} cores, ${inUnits(totalmem())} of memory`,
  },
]

async function native(): Promise<Finding[]> {
  try {
    const addon = requireAddon()
    return [...built(addon.engine(engineOptions(standardRules)).features()), await proof(addon)]
  } catch (error) {
    return [bad(error, 'run "npm run build"')]
  }
}

/** The addon, and how it checks signatures. There is no fallback without it; there is one for machines without its fast paths. */
function built({ path, available, threads, version: builtAs, optimized, target }: Features): Finding[] {
  const addon = {
    ok: optimized,
    what: `native addon ${builtAs} for ${target}${optimized ? '' : ', not optimized'}`,
  }
  const [best = path] = available
  const forced = path === best ? undefined : `unset KELPIPE_CRYPTO_PATH: ${best} is faster`
  const kept = path === 'portable' ? ', which any machine has' : ''
  return [
    { ...addon, next: optimized ? undefined : 'build it with "npm run build"' },
    {
      ok: true,
      what: `signatures are checked by ${path}${kept} (of ${available.join(', ')}) on ${threads} threads`,
      next: forced,
    },
  ]
}

/** Judges a sample, in memory. */
async function proof(addon: Addon): Promise<Finding> {
  const rules = engineOptions(standardRules)
  const engine = addon.engine(rules)
  engine.open(null)
  const tally = new Tally()
  await run({
    sources: [fileSource(join(packageRoot(), 'examples', 'single-key.cesr'))],
    store: new MemoryStore(),
    engine,
    framer: () => addon.framer(rules),
    sinks: [],
    tally,
    commit: 'group',
    limits,
    pace: new Pace(limits),
    signal: new AbortController().signal,
    note: () => undefined,
  })
  const { messages, accepted } = tally
  return accepted === messages && messages > 0
    ? { ok: true, what: `a sample of ${messages} events is accepted` }
    : { ok: false, what: `of a sample of ${messages} events ${accepted} are accepted`, next: 'report it' }
}

const bounds = (): Finding => ({
  ok: true,
  what: `limits: batches of ${inUnits(limits.batchBytesMin)} to ${inUnits(limits.batchBytesMax)}, ${limits.creditsPerSource} of a source under way, key states in ${inUnits(limits.engineCacheBytes)}, ${limits.connectionsPerListener} connections of a listener; all are in pipeline/limits.ts`,
})

/** Variables of the environment that this program reads, and those that only look as if. */
function settings(program: Command): Finding[] {
  const read = program.commands.flatMap((command) => command.options)
  const known = new Set([
    'KELPIPE_CRYPTO_PATH',
    ...settingNames(),
    ...read.flatMap(({ envVar }) => envVar ?? []),
  ])
  const set = Object.keys(process.env).filter((name) => name.startsWith('KELPIPE_'))
  const used = set.filter((name) => known.has(name))
  return [
    { ok: true, what: `settings from the environment: ${used.join(', ') || 'none'}` },
    ...set
      .filter((name) => !known.has(name))
      .map((name) => ({
        ok: true,
        what: `${name} is set, but no command reads it`,
        next: 'compare it with the options of "kelpipe COMMAND --help" and with "kelpipe config init"',
      })),
  ]
}

async function database(directory: string): Promise<Finding[]> {
  if (!existsSync(join(directory, 'data.mdb')))
    return [{ ok: true, what: `no database in ${directory} yet; "kelpipe ingest" makes one` }]
  try {
    const store = await openReader(directory)
    const { fileBytes, freeBytes } = store.stats()
    const counts = tableNames.map((name) => `${name} ${store.count(name)}`).join(', ')
    await store.close()
    const writer = writerOf(directory)
    return [
      {
        ok: true,
        what: `database ${directory}: ${inUnits(fileBytes)}, of which ${inUnits(freeBytes)} unused; ${counts}`,
      },
      { ok: true, what: writer ? `its writer is ${writer}` : 'it has no writer now' },
    ]
  } catch (error) {
    return [bad(error)]
  }
}

/** Whether the disk has room: intake stops when it has not. */
async function disk(directory: string): Promise<Finding> {
  const folder = existsSync(directory) ? directory : '.'
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const what = `the disk has room for ${inUnits(free)} more`
  return free >= limits.diskFreeBytesMin
    ? { ok: true, what }
    : { ok: false, what: `${what}, less than ${inUnits(limits.diskFreeBytesMin)}`, next: 'make room' }
}

function inUnits(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10))
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${units[power]}`
}
