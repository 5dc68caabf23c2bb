import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { kel, stream } from './boundary/kel.ts'
import { kelpipe, main, startKelpipe, type Ended } from './support/cli.ts'
import { plainStream, shuffledStream } from './support/streams.ts'

let directory: string
let store: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-cli-'))
  store = join(directory, 'db')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const file = (name: string, content: Uint8Array | string): string => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const summaryOf = ({ stdout }: Ended): Record<string, unknown> =>
  JSON.parse(stdout.trim().split('\n').at(-1) ?? '')

test('ingest keeps what the events prove; state, export and a second ingest agree', () => {
  const path = file('kel.cesr', plainStream(3, 4))
  const ingest = kelpipe(['ingest', path, '--store', store, '--json'])
  expect(ingest.status).toBe(0)
  expect(summaryOf(ingest)).toMatchObject({
    type: 'summary',
    accepted: 12,
    duplicate: 0,
    checked: 0,
    escrowed: {},
    rejected: {},
    faults: 0,
  })

  const { aid, saids } = kel(0, 4)
  expect(JSON.parse(kelpipe(['state', aid, '--store', store]).stdout)).toMatchObject({
    i: aid,
    s: '3',
    d: saids[3],
    et: 'ixn',
  })
  expect(kelpipe(['state', '--store', store]).stdout.trim().split('\n')).toHaveLength(3)

  const exported = kelpipe(['export', '--store', store]).stdout
  const copy = join(directory, 'copy')
  expect(
    summaryOf(kelpipe(['ingest', file('export.cesr', exported), '--store', copy, '--json'])),
  ).toMatchObject({ accepted: 12 })
  const digest = kelpipe(['state', '--digest', '--store', store]).stdout
  expect(digest).toMatch(/^state [0-9a-f]{64}\nfull {2}[0-9a-f]{64}\n$/)
  expect(kelpipe(['state', '--digest', '--store', copy]).stdout).toBe(digest)
})

test('the order of arrival changes neither the outcome nor the digest', () => {
  kelpipe(['ingest', file('in-order.cesr', plainStream(5, 8)), '--store', store])
  const shuffled = join(directory, 'shuffled')
  const ingest = kelpipe([
    'ingest',
    file('shuffled.cesr', shuffledStream(5, 8, 1)),
    '--store',
    shuffled,
    '--json',
  ])
  expect(ingest.status).toBe(0)
  expect(summaryOf(ingest)).toMatchObject({ accepted: 40, escrowed: {} })
  const digest = (of: string): string => kelpipe(['state', '--digest', '--store', of]).stdout
  expect(digest(shuffled)).toBe(digest(store))
})

test('exit codes: what waits, what is refused, what is cut off', () => {
  const { messages } = kel(1, 3)
  const [first = new Uint8Array(0), second = new Uint8Array(0), third = new Uint8Array(0)] = messages
  const tampered = Buffer.from(Buffer.from(second).toString().replace('"s":"1"', '"s":"2"'))
  expect(kelpipe(['verify', file('a', stream([first, third]))]).status).toBe(4)
  const refused = kelpipe(['verify', file('b', stream([first, tampered])), '--json'])
  expect(refused.status).toBe(3)
  expect(summaryOf(refused)).toMatchObject({ accepted: 1, rejected: { 'keri/said': 1 } })
  expect(kelpipe(['verify', file('c', stream([first, second.subarray(0, 50)]))]).status).toBe(4)
  expect(kelpipe(['verify', file('d', stream([first, Buffer.from('garbage'), second]))]).status).toBe(3)
  expect(kelpipe(['verify', file('e', stream([first, third, tampered]))]).status).toBe(3)
})

test('usage and unreachable sources have their exit codes, and say what to do', () => {
  expect(kelpipe(['ingest']).status).toBe(2)
  expect(kelpipe(['frobnicate']).status).toBe(2)
  expect(kelpipe(['verify', '--mode', 'lenient', 'x']).status).toBe(2)
  expect(kelpipe(['--help']).status).toBe(0)
  const missing = kelpipe(['verify', join(directory, 'missing.cesr')])
  expect(missing.status).toBe(6)
  expect(missing.stderr).toMatch(
    /error source\/missing: there is no file or folder .*missing\.cesr\n {2}next: SRC is/,
  )
  const unwritable = kelpipe([
    'verify',
    file('a', plainStream(1, 1)),
    '--verdicts',
    join(directory, 'no', 'where'),
  ])
  expect(unwritable.status).toBe(6)
  expect(kelpipe(['state', 'x'.repeat(44), '--store', join(directory, 'none')]).stderr).toContain(
    'error store/missing',
  )
})

test('standard input and compressed files give the same verdicts as the file', () => {
  const bytes = shuffledStream(4, 6, 2)
  const verdicts = (args: readonly string[], input?: Uint8Array): unknown[] =>
    kelpipe(['verify', '--quiet', '--verdicts', '-', ...args], input)
      .stdout.trim()
      .split('\n')
      .map((line): unknown => ({ ...JSON.parse(line), source: '' }))
  const whole = verdicts([file('a.cesr', bytes)])
  expect(whole.length).toBeGreaterThanOrEqual(24)
  expect(verdicts(['-'], bytes)).toEqual(whole)
  expect(verdicts([file('a.cesr.gz', gzipSync(bytes))])).toEqual(whole)
})

test('accepted events come out byte for byte; they are a stream that proves the same', () => {
  const bytes = plainStream(2, 5)
  const out = join(directory, 'accepted.cesr')
  kelpipe(['verify', file('a.cesr', Buffer.concat([bytes, Buffer.from('garbage')])), '--accepted', out])
  expect(readFileSync(out).equals(bytes)).toBe(true)
})

test('a file is taken up where it was left, and what was cut off is completed', () => {
  const bytes = plainStream(1, 4)
  const path = file('grows.cesr', bytes.subarray(0, 900))
  expect(kelpipe(['ingest', path, '--store', store]).status).toBe(4)
  appendFileSync(path, bytes.subarray(900))
  const { stderr, status } = kelpipe(['ingest', path, '--store', store])
  expect(stderr).toContain('going on at byte')
  expect(status).toBe(0)
  expect(JSON.parse(kelpipe(['state', kel(0, 1).aid, '--store', store]).stdout)).toMatchObject({ s: '3' })
})

test('a listener takes in what is sent, keeps it, and ends cleanly when it is interrupted', async () => {
  const socket = join(directory, 'socket')
  const child = startKelpipe(['ingest', `unix:${socket}`, '--store', store, '--json'])
  while (!existsSync(socket)) await sleep(20)
  const locked = kelpipe(['ingest', file('a.cesr', plainStream(1, 1)), '--store', store])
  expect(locked.status).toBe(1)
  expect(locked.stderr).toContain(`has a writer: process ${child.pid} on`)
  const connection = connect(socket)
  connection.write(plainStream(1, 3))
  const aid = kel(0, 1).aid
  // The connection stays open: the last message is taken after a short silence.
  for (let [sn, tries] = ['', 0]; sn !== '2' && tries < 100; tries += 1) {
    await sleep(100)
    const state = kelpipe(['state', aid, '--store', store]).stdout
    sn = state === '' ? '' : (JSON.parse(state) as { s: string }).s
  }
  child.kill('SIGINT')
  let stdout = ''
  child.stdout?.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  const [status] = (await once(child, 'close')) as [number]
  connection.destroy()
  expect(status).toBe(130)
  expect(JSON.parse(stdout)).toMatchObject({ accepted: 3 })
})

test('doctor says what runs', () => {
  const { stdout, status } = kelpipe(['doctor', '--store', store])
  expect(status).toBe(0)
  expect(stdout).toMatch(/native addon \d+\.\d+\.\d+ for /)
  expect(stdout).toMatch(/signatures are checked by \w+.* on \d+ threads/)
  expect(stdout).toMatch(/a sample of \d+ events is accepted/)
  expect(stdout).toMatch(/limits: batches of .*, key states in 48 MiB/)
  expect(stdout).toContain('no database in')
  expect(stdout).not.toContain('BAD')
})

test('doctor says what could be better, what is wrong, and what to do', () => {
  kelpipe(['ingest', file('kel.cesr', plainStream(1, 2)), '--store', store])
  const doctor = (env: NodeJS.ProcessEnv): { status: number | null; findings: Record<string, unknown>[] } => {
    const command = [main, 'doctor', '--json', '--store', store]
    const { status, stdout } = spawnSync(process.execPath, command, {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    })
    const lines = stdout.trim().split('\n')
    return { status, findings: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
  }
  const odd = doctor({ KELPIPE_CRYPTO_PATH: 'portable', KELPIPE_STOER: 'db' })
  expect(odd.status).toBe(0)
  const containing = (text: string): string => expect.stringContaining(text) as string
  expect(odd.findings).toContainEqual({
    ok: true,
    what: containing('KELPIPE_STOER is set, but no command reads it'),
    next: containing('--help'),
  })
  expect(odd.findings).toContainEqual(
    expect.objectContaining({ what: containing('checked by portable, which any machine has') }),
  )
  expect(odd.findings).toContainEqual({ ok: true, what: containing('aids 1, kel 2, log 2') })
  writeFileSync(join(store, 'data.mdb'), 'no database'.repeat(1_000))
  const broken = doctor({ KELPIPE_CONFIG: file('kelpipe.yaml', 'kafka: {brkers: []}') })
  expect(broken.status).toBe(1)
  expect(broken.findings.filter(({ ok }) => ok === false)).toEqual([
    { ok: false, what: containing('is no database'), next: containing('moved away') },
    { ok: false, what: containing('there is no setting brkers'), next: containing('config init') },
  ])
})

const sleep = async (ms: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

test('what cannot be an AID, a SAID or a place is told as such, whatever it is', () => {
  kelpipe(['ingest', file('kel.cesr', plainStream(1, 2)), '--store', store])
  const odd = ['', 'x'.repeat(5000)]
  const more = ['@1', `${'x'.repeat(44)}@`, '../../etc/passwd']
  const commands: [command: string[], asked: string[]][] = [
    [
      ['state', '--'],
      [...odd, ...more],
    ],
    [
      ['why', '--'],
      [...odd, '@1'],
    ],
    [['export', '--'], odd],
    [['escrow', 'show', '--'], odd],
    [['escrow', 'ls', '--aid'], odd],
    [['escrow', 'retry', '--'], odd],
    [['duplicity', 'ls', '--'], odd],
  ]
  for (const [command, asked] of commands)
    for (const what of asked) {
      const { status, stderr } = kelpipe([...command, what], undefined, { KELPIPE_STORE: store })
      expect([status, /44 to 88 letters/.test(stderr)], `${command.join(' ')} ${what}`).toEqual([2, true])
    }
})
