import { existsSync } from 'node:fs'
import { availableParallelism, release } from 'node:os'
import { join } from 'node:path'

import type { Command } from 'commander'

import { requireAddon } from '../addon.ts'
import { tableNames } from '../../native/tables.ts'
import { PipelineError, reasonOf } from '../errors.ts'
import { writerOf } from '../store/lock.ts'
import { openReader } from '../store/lmdb.ts'
import { exitCodes } from '../summary.ts'
import { version } from '../version.ts'
import { engineOptions, standardRules, storeOption } from './options.ts'

interface Finding {
  readonly ok: boolean
  readonly what: string
  readonly next?: string | undefined
}

/** `doctor`: what runs here, whether it works, and what to do where it does not. */
export const doctorCommand = (program: Command): Command =>
  program
    .command('doctor')
    .addOption(storeOption())
    .option('--json', 'one JSON object a line')
    .description('Say what runs here and whether it works: versions, the native addon, the database.')
    .action(async ({ store, json }: { store: string; json?: true }) => {
      const findings = [...machine(), addon(), ...(await database(store))]
      for (const finding of findings)
        process.stdout.write(json ? `${JSON.stringify(finding)}\n` : inWords(finding))
      if (findings.some(({ ok }) => !ok)) process.exitCode = exitCodes.internal
    })

const inWords = ({ ok, what, next }: Finding): string =>
  `${ok ? 'ok ' : 'BAD'}  ${what}${next ? `\n     next: ${next}` : ''}\n`

const machine = (): Finding[] => [
  { ok: true, what: `kelpipe ${version()}, Node ${process.versions.node}` },
  { ok: true, what: `${process.platform} ${release()} ${process.arch}, ${availableParallelism()} cores` },
]

function addon(): Finding {
  try {
    const {
      path,
      available,
      threads,
      version: native,
      optimized,
      target,
    } = requireAddon().engine(engineOptions(standardRules)).features()
    const what = `native addon ${native} for ${target}: signatures by ${path} (of ${available.join(', ')}) on ${threads} threads`
    return optimized
      ? { ok: true, what }
      : { ok: false, what: `${what}, not optimized`, next: 'build it with "npm run build"' }
  } catch (error) {
    return {
      ok: false,
      what: reasonOf(error),
      next: error instanceof PipelineError ? error.next : 'run "npm run build"',
    }
  }
}

async function database(directory: string): Promise<Finding[]> {
  if (!existsSync(join(directory, 'data.mdb')))
    return [{ ok: true, what: `no database in ${directory} yet; "kelpipe ingest" makes one` }]
  try {
    const store = await openReader(directory)
    const counts = tableNames.map((name) => `${name} ${store.count(name)}`).join(', ')
    await store.close()
    const writer = writerOf(directory)
    return [
      { ok: true, what: `database ${directory}: ${counts}` },
      { ok: true, what: writer ? `its writer is ${writer}` : 'it has no writer now' },
    ]
  } catch (error) {
    return [
      { ok: false, what: reasonOf(error), next: error instanceof PipelineError ? error.next : undefined },
    ]
  }
}
