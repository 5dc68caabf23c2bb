import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { main } from './support/cli.ts'
import { plainStream } from './support/streams.ts'

const traceable = spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-sync-'))
  writeFileSync(join(directory, 'stream.cesr'), plainStream(3, 10))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** The write that makes a transaction of LMDB the current one: 128 bytes at one of two places. */
const rootWrite = /^pwrite64\(\d+<[^>]*data\.mdb>, .*, 128, (?:40|4136)\)\s+= 128/
const syncCall = /^fdatasync\(\d+<[^>]*data\.mdb>/
const acknowledgement = /^write\(1<[^>]*>, "\{/

/** What a traced run did: how many transactions it made, and how many of them were synced at each acknowledgement. */
interface Traced {
  readonly transactions: number
  readonly syncedWhenAcknowledged: readonly number[]
}

/** Ingests a stream, one event a transaction, with its system calls traced. */
function traced(name: string, tamper: readonly string[]): Traced {
  const trace = join(directory, `${name}.trace`)
  const ingest = [
    main,
    'ingest',
    join(directory, 'stream.cesr'),
    '--quiet',
    '--commit',
    'each',
    '--verdicts',
    '-',
    '--store',
    join(directory, name),
  ]
  const calls = ['-e', 'trace=pwrite64,fdatasync,write', ...tamper]
  spawnSync('strace', ['-f', '-y', '-s', '12', '-o', trace, ...calls, process.execPath, ...ingest], {
    maxBuffer: 2 ** 30,
  })
  return read(readFileSync(trace, 'utf8'))
}

/** Follows a trace. A sync covers the transactions that were written when it began; a swallowed one covers none. */
function read(trace: string): Traced {
  const begun = new Map<string, { call: string; transactions: number }>()
  const syncedWhenAcknowledged: number[] = []
  let transactions = 0
  let synced = 0
  for (const line of trace.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? []
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(thread, { call: rest.replace(' <unfinished ...>', ''), transactions })
      continue
    }
    const start = rest.startsWith('<... ') ? begun.get(thread) : undefined
    const call = start ? start.call + rest.replace(/^<\.\.\. \w+ resumed>/, '') : rest
    if (rootWrite.test(call)) transactions += 1
    else if (syncCall.test(call) && call.endsWith(' = 0'))
      synced = Math.max(synced, start?.transactions ?? transactions)
    else if (acknowledgement.test(call)) syncedWhenAcknowledged.push(synced)
  }
  return { transactions, syncedWhenAcknowledged }
}

/**
 * Acknowledgements that came too early. Each belongs to a transaction of its own, in order; the last transaction, which
 * stores that the source has ended, has none.
 */
function tooEarly({ transactions, syncedWhenAcknowledged }: Traced): number {
  const before = transactions - 1 - syncedWhenAcknowledged.length
  return syncedWhenAcknowledged.filter((synced, index) => synced < before + index + 1).length
}

// Goal: the sync comes before the acknowledgement. Method: trace the system calls of a real ingest; and to see that the
// test can fail, swallow the syncs of another one (a swallowed call is marked, and so does not end in "= 0").
test.skipIf(!traceable)(
  'what is acknowledged has been synced; with the syncs swallowed the test fails',
  () => {
    const honest = traced('honest', [])
    expect(honest.syncedWhenAcknowledged.length).toBe(30)
    expect(tooEarly(honest)).toBe(0)
    const swallowed = traced('swallowed', ['-e', 'inject=fdatasync:retval=0'])
    expect(swallowed.syncedWhenAcknowledged).toHaveLength(honest.syncedWhenAcknowledged.length)
    expect(tooEarly(swallowed)).toBe(swallowed.syncedWhenAcknowledged.length)
  },
)
