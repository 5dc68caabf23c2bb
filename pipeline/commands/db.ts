import type { Command } from 'commander'

import { requireAddon } from '../addon.ts'
import { check, compact, rebuild, type Care, type Checked, type Replaced } from '../database/care.ts'
import { limits } from '../limits.ts'
import { openReader } from '../store/lmdb.ts'
import { writerOf } from '../store/lock.ts'
import type { StoreStats } from '../store/stats.ts'
import { exitCodes } from '../summary.ts'
import { engineOptions, storeOption, withRules, type RuleFlags } from './options.ts'

interface Flags {
  readonly store: string
  readonly json?: true
}

/** `db`: care of the database. */
export function dbCommand(program: Command): Command {
  const db = program.command('db').description('Look after the database.')
  const command = (name: string): Command =>
    db.command(name).addOption(storeOption()).option('--json', 'one JSON object a line').exitOverride()
  command('stat').description('Say what is in it, how large it is, and who writes to it.').action(stat)
  withRules(command('check'))
    .description('Judge every stored event again and compare every index with the log.')
    .action(async (flags: Flags & RuleFlags) => {
      const tell = (problem: object): void =>
        write(flags, problem, Object.values(problem).slice(1).join('  '))
      const checked = await check(careOf(flags), tell)
      write(flags, checked, checkText(checked))
      if (!checked.ok) process.exitCode = exitCodes.rejected
    })
  command('compact')
    .description('Give back the space that nothing uses.')
    .action(async (flags: Flags) => {
      const done = await compact(careOf({ ...flags, mode: 'hardened', rule: [], own: [] }))
      write(flags, done, replacedText(done))
    })
  withRules(command('rebuild'))
    .description('Make all derived tables anew from the log and from what waits.')
    .action(async (flags: Flags & RuleFlags) => {
      const done = await rebuild(careOf(flags))
      write(flags, done, replacedText(done))
    })
  return db
}

const careOf = (flags: Flags & RuleFlags): Care => ({
  addon: requireAddon(),
  options: engineOptions(flags),
  limits,
  directory: flags.store,
  signal: new AbortController().signal,
})

const write = ({ json }: Flags, object: object, text: string): void =>
  void process.stdout.write(`${json ? JSON.stringify(object) : text}\n`)

async function stat(flags: Flags): Promise<void> {
  const store = await openReader(flags.store)
  const stats = store.stats()
  await store.close()
  const writer = writerOf(flags.store)
  write(flags, { type: 'db-stat', ...stats, writer: writer ?? null }, statText(stats, writer))
}

function statText({ tables, fileBytes, freeBytes, mapBytes, readers }: StoreStats, writer?: string): string {
  return [
    ...Object.entries(tables).map(
      ([name, { records, bytes }]) => `${name.padEnd(8)} ${records} records, ${bytes} bytes`,
    ),
    `file     ${fileBytes} bytes, ${freeBytes} of them free; the map has ${mapBytes} and grows by itself`,
    `readers  ${readers}; writer: ${writer ?? 'none'}`,
  ].join('\n')
}

const checkText = ({ ok, events, waiting, problems }: Checked): string =>
  `${events} events judged again, ${waiting} waiting entries compared: ${ok ? 'all is as it must be' : `${problems} problems`}`

function replacedText({ bytesBefore, bytesAfter, digest, digestBefore }: Replaced): string {
  const same =
    digestBefore === digest
      ? `digest ${digest}, as before`
      : `digest ${digest}; before ${digestBefore ?? 'it could not be read'}`
  return `${bytesBefore} bytes before, ${bytesAfter} now; ${same}`
}
