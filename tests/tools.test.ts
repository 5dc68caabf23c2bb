import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { generate } from '../native/generator.ts'
import { tool, type ToolName } from '../native/tools.ts'
import { limits } from '../pipeline/limits.ts'
import { FolderOutput } from '../pipeline/sinks/folder.ts'
import { kel, stream } from './boundary/kel.ts'
import { examples, kelpipe, randomOf, startKelpipe } from './support/cli.ts'
import { plainStream } from './support/streams.ts'

let directory: string
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'kelpipe-tools-'))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const file = (name: string, content: Uint8Array | string): string => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const garbage = Buffer.from('no message #\n\u001B[31m\u202E{~\xff', 'latin1')

/** Text and binary domain, and bodies of every kind. */
const wiresAll = [
  'v1-json',
  'v1-cbor',
  'v1-mgpk-binary',
  'v2-json-binary',
  'v2-mgpk',
  'v2-native',
  'v2-native-binary',
]

/** A stream of all shapes of messages in some wires. */
async function generated(wires: readonly string[], aids = 6): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  const plan = { seed: 5, aids, events: 4, wires, shapes: ['single', 'witnessed', 'receipted'] }
  for await (const piece of generate(plan, limits.generatedPieceBytes)) pieces.push(piece.stream)
  return stream(pieces)
}

/** What a tool makes of a stream that comes in pieces. */
async function madeOf(name: ToolName, bytes: Uint8Array, cuts: readonly number[] = []): Promise<Buffer> {
  const its = tool(name, { mode: 'hardened' })
  const made: Uint8Array[] = []
  let from = 0
  for (const to of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    const step = await its.next(bytes.subarray(from, Math.max(from, to)), to === bytes.length)
    expect(step.problem).toBeUndefined()
    made.push(step.bytes)
    from += step.consumed
  }
  return Buffer.concat(made)
}

interface Row {
  readonly type: string
  readonly offset: number
  readonly size: number
  readonly form: string
  readonly value: string
  readonly name: string
}

const rowsOf = (text: string): Row[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)

/** Verdicts on what a command is given, without where they came from. */
const verdictsOf = (args: readonly string[], input?: Uint8Array | string): unknown[] =>
  kelpipe(['verify', '--quiet', '--verdicts', '-', ...args], input)
    .stdout.trim()
    .split('\n')
    .map((line): unknown => ({ ...JSON.parse(line), source: '' }))

describe('annotate', () => {
  test('shows each primitive with its code, name, size, place and meaning, in its group', () => {
    const { messages, aid } = kel(0, 1)
    const [message = new Uint8Array(0)] = messages
    const body = Buffer.from(message).toString().split('-AAB')[0] ?? ''
    const { stdout, status } = kelpipe(['annotate', file('a.cesr', message)])
    expect(status).toBe(0)
    const lines = stdout.trim().split('\n')
    expect(lines[0]).toBe(`${body} # JSON body, ${body.length} bytes at 0`)
    expect(lines[0]).toContain(aid)
    expect(lines[1]).toBe(`-AAB # -A ControllerIdxSigs, 4 bytes at ${body.length}: 1 elements`)
    expect(lines[2]).toMatch(
      new RegExp(`^ {2}AA[\\w-]{86} # A Ed25519_Sig, 88 bytes at ${body.length + 4}: index 0$`),
    )
    expect(lines).toHaveLength(3)
  })

  test('what is no message is shown with why, is read back, and does not steer a terminal', async () => {
    const bytes = Buffer.concat([plainStream(1, 2), garbage, plainStream(1, 1)])
    const { stdout, status } = kelpipe(['annotate', file('a.cesr', bytes)])
    expect(status).toBe(3)
    expect(stdout).toMatch(/^# cesr\/cold-start fault, \d+ bytes at \d+: no message can start here/m)
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u202E]/)
    expect((await madeOf('deannotate', Buffer.from(stdout))).equals(bytes)).toBe(true)
  })

  test('as JSON its rows are the stream, byte for byte', async () => {
    const bytes = Buffer.concat([await generated(wiresAll), garbage])
    const { stdout } = kelpipe(['annotate', '--json', file('a.cesr', bytes)])
    const rows = rowsOf(stdout).filter(({ form }) => form !== 'shown')
    const again = rows.map(({ form, value }) => Buffer.from(value, form === 'text' ? 'utf8' : 'base64url'))
    expect(Buffer.concat(again).equals(bytes)).toBe(true)
    let at = 0
    for (const { type, offset, size } of rows) {
      expect({ type, offset }).toEqual({ type: 'annotation', offset: at })
      at += size
    }
  })

  test('several sources are told apart; one that does not end is refused', () => {
    const [a, b] = [file('a.cesr', plainStream(1, 1)), file('b.cesr.gz', gzipSync(plainStream(1, 2)))]
    expect(
      kelpipe(['annotate', a, b])
        .stdout.split('\n')
        .filter((line) => line.startsWith('# ')),
    ).toEqual([`# ${a}`, `# ${b}`])
    const sources = rowsOf(kelpipe(['annotate', '--json', a, b]).stdout).filter(
      ({ type }) => type === 'source',
    )
    expect(sources).toEqual([
      { type: 'source', source: a },
      { type: 'source', source: b },
    ])
    const endless = kelpipe(['annotate', 'tcp://127.0.0.1:0'])
    expect(endless.status).toBe(2)
    expect(endless.stderr).toContain('error config/endless: tcp://127.0.0.1:0 is a stream without an end')
  })

  test('however the bytes come, the lines are the same', async () => {
    const random = randomOf(3)
    const bytes = await generated(wiresAll)
    const whole = await madeOf('annotate', bytes)
    for (let round = 0; round < 20; round += 1) {
      const cuts = Array.from({ length: 8 }, () => Math.floor(random() * bytes.length))
      expect((await madeOf('annotate', bytes, cuts)).equals(whole)).toBe(true)
      const textCuts = Array.from({ length: 30 }, () => Math.floor(random() * whole.length))
      expect((await madeOf('deannotate', whole, textCuts)).equals(bytes)).toBe(true)
    }
  })
})

describe('--annotated', () => {
  test('annotated text gives the verdicts of the stream that it came from', async () => {
    const bytes = Buffer.concat([await generated(wiresAll, 3), garbage, kel(9, 2).messages[0] ?? garbage])
    const path = file('a.cesr', bytes)
    const text = kelpipe(['annotate', path]).stdout
    const verdicts = verdictsOf([path])
    expect(verdicts.length).toBeGreaterThan(10)
    expect(verdictsOf(['--annotated', '-'], text)).toEqual(verdicts)
    expect(verdictsOf(['--annotated', file('a.txt.gz', gzipSync(text))])).toEqual(verdicts)
  })

  test('what people add is left out: comments, empty lines, other indentation', () => {
    const bytes = plainStream(1, 3)
    const text = kelpipe(['annotate', file('a.cesr', bytes)]).stdout
    const edited = `# mine\r\n\n${text.replaceAll('\n  ', '\r\n\t\t \n')}# end {"v":"KERI10JSON`
    expect(verdictsOf(['--annotated', '-'], edited)).toEqual(verdictsOf([file('b.cesr', bytes)]))
    expect(verdictsOf(['-'], edited)).not.toEqual(verdictsOf([file('b.cesr', bytes)]))
  })

  test('ingest takes annotated text in, from a file again and from a socket', async () => {
    const store = join(directory, 'db')
    const path = file('a.txt', kelpipe(['annotate', file('a.cesr', plainStream(1, 3))]).stdout)
    const ingest = ['ingest', '--annotated', '--store', store, '--json']
    expect(JSON.parse(kelpipe([...ingest, path]).stdout)).toMatchObject({ accepted: 3, faults: 0 })
    expect(JSON.parse(kelpipe([...ingest, path]).stdout)).toMatchObject({ duplicate: 3, faults: 0 })
    const socket = join(directory, 'socket')
    const text = kelpipe(['annotate', file('b.cesr', stream(kel(7, 2).messages))]).stdout
    const child = startKelpipe([...ingest, `unix:${socket}`])
    let stdout = ''
    child.stdout?.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
    while (!existsSync(socket)) await sleep(20)
    const connection = connect(socket)
    connection.end(text)
    await once(connection.resume(), 'close')
    child.kill('SIGINT')
    await once(child, 'close')
    expect(JSON.parse(stdout)).toMatchObject({ accepted: 2, faults: 0 })
  })
})

describe('convert', () => {
  test('to binary and back to text is the same stream, and says the same', async () => {
    for (const bytes of [
      plainStream(2, 3),
      await generated(['v1-json', 'v1-cbor', 'v2-native', 'v2-json']),
    ]) {
      const [path, binary, text] = [file('a.cesr', bytes), join(directory, 'b'), join(directory, 't')]
      expect(kelpipe(['convert', '--to', 'binary', path, '-o', binary]).status).toBe(0)
      expect(readFileSync(binary).equals(bytes)).toBe(false)
      const saids = (from: string): unknown[] =>
        verdictsOf([from]).map((row) => ({ ...(row as object), offset: 0, bytes: 0 }))
      expect(saids(binary)).toEqual(saids(path))
      expect(kelpipe(['convert', '--to', 'text', binary, '-o', text]).status).toBe(0)
      expect(readFileSync(text).equals(bytes)).toBe(true)
      const again = join(directory, 'again')
      kelpipe(['convert', '--to', 'binary', text, '-o', again])
      expect(readFileSync(again).equals(readFileSync(binary))).toBe(true)
    }
  })

  test('standard input goes to standard output', () => {
    const text = Buffer.from(plainStream(1, 2))
    expect(kelpipe(['convert', '--to', 'text', '-'], text).stdout).toBe(text.toString())
  })

  test('a stream that is not whole is refused, and nothing is left of the attempt', () => {
    const out = join(directory, 'out')
    const bad = kelpipe(['convert', '--to', 'binary', '-o', out, join(examples, 'garbage.cesr')])
    expect(bad.status).toBe(3)
    expect(bad.stderr).toMatch(/refused: .*garbage\.cesr: cesr\/[a-z-]+ at byte \d+: .*\n {2}next: /)
    const short = kelpipe(['convert', '--to', 'binary', '-o', out, '-'], plainStream(1, 1).subarray(0, 100))
    expect(short.status).toBe(4)
    expect(readdirSync(directory)).toEqual([])
    writeFileSync(out, 'what was there')
    kelpipe(['convert', '--to', 'binary', '-o', out, join(examples, 'garbage.cesr')])
    expect(readFileSync(out, 'utf8')).toBe('what was there')
  })

  test('usage', () => {
    const path = file('a.cesr', plainStream(1, 1))
    expect(kelpipe(['convert', path]).status).toBe(2)
    expect(kelpipe(['convert', '--to', 'json', path]).status).toBe(2)
    file('b.cesr', plainStream(1, 1))
    const folder = kelpipe(['convert', '--to', 'text', directory])
    expect(folder.status).toBe(2)
    expect(folder.stderr).toContain('holds more than one stream')
    expect(kelpipe(['convert', '--to', 'text', path, '-o', join(directory, 'no', 'where')]).status).toBe(6)
  })
})

describe('split', () => {
  test('by AID: a file for each, with its messages in order', () => {
    const kels = [kel(0, 4), kel(1, 4), kel(2, 4)]
    const mixed = [0, 1, 2, 3].flatMap((sn) => kels.map(({ messages }) => messages[sn] ?? garbage))
    const out = join(directory, 'out')
    const split = kelpipe(['split', '--by', 'aid', '-o', out, file('a.cesr', stream(mixed))])
    expect(split.stderr).toBe('12 messages in 3 files\n')
    expect(split.status).toBe(0)
    expect(readdirSync(out).toSorted()).toEqual(kels.map(({ aid }) => `${aid}.cesr`).toSorted())
    for (const { aid, messages } of kels)
      expect(readFileSync(join(out, `${aid}.cesr`)).equals(stream(messages))).toBe(true)
  })

  test('by AID, streams of all kinds: together the files prove what the stream does', async () => {
    const path = file('a.cesr', await generated(wiresAll))
    const out = join(directory, 'out')
    expect(kelpipe(['split', '--by', 'aid', '-o', out, path]).status).toBe(0)
    const digest = (from: string): string => {
      const store = join(directory, 'db')
      rmSync(store, { recursive: true, force: true })
      expect(kelpipe(['ingest', from, '--store', store]).status).toBe(0)
      return kelpipe(['state', '--digest', '--store', store]).stdout.split('\n')[0] ?? ''
    }
    expect(digest(out)).toBe(digest(path))
  })

  test('by message: each file is a stream of one message; garbage is left out and counted', () => {
    const { messages } = kel(0, 3)
    const [first = garbage, second = garbage, third = garbage] = messages
    const out = join(directory, 'out')
    const path = file('a.cesr', stream([first, garbage, second, third]))
    const split = kelpipe(['split', '--by', 'message', '-o', out, path])
    expect(split.status).toBe(3)
    expect(split.stderr).toMatch(/^3 messages in 3 files; \d stretch/)
    const names = ['000000001.cesr', '000000002.cesr', '000000003.cesr']
    expect(readdirSync(out).toSorted()).toEqual(names)
    for (const [index, name] of names.entries())
      expect(readFileSync(join(out, name)).equals(messages[index] ?? garbage)).toBe(true)
  })

  test('a name in a message is no path; a message without an AID has a place', () => {
    const body = (i: unknown): string => {
      const text = JSON.stringify({ v: 'KERI10JSON000000_', t: 'xyz', i })
      return text.replace('000000_', `${Buffer.byteLength(text).toString(16).padStart(6, '0')}_`)
    }
    const names = ['../evil', '/etc/passwd', '..', '', 'a/b', 'A'.repeat(44), 'E'.repeat(300), 1, 'CON', '\0']
    const bytes = names.map(
      (name) =>
        `${body(name)}-AAB${Buffer.from(kel(0, 1).messages[0] ?? garbage)
          .toString()
          .slice(-88)}`,
    )
    const out = join(directory, 'deep', 'out')
    const split = kelpipe(['split', '--by', 'aid', '-o', out, file('a.cesr', bytes.join(''))])
    expect(split.stderr).toBe('10 messages in 2 files\n')
    expect(readdirSync(out).toSorted()).toEqual([`${'A'.repeat(44)}.cesr`, 'no-aid.cesr'])
    expect(readdirSync(join(directory, 'deep'))).toEqual(['out'])
  })

  test('a folder with something in it is not touched', () => {
    const out = join(directory, 'out')
    mkdirSync(out)
    writeFileSync(join(out, 'mine'), 'mine')
    const split = kelpipe(['split', '--by', 'message', '-o', out, file('a.cesr', plainStream(1, 1))])
    expect(split.status).toBe(6)
    expect(split.stderr).toContain('error sink/not-empty')
    expect(readdirSync(out)).toEqual(['mine'])
  })

  test('the buffer and the number of files are bounded', async () => {
    const out = join(directory, 'out')
    const folder = await FolderOutput.open(out, {
      splitBufferBytes: 100,
      splitFilesMax: 3,
      splitFilesOpen: 2,
    })
    const names = ['a', 'b', 'c']
    for (let round = 0; round < 10; round += 1) {
      for (const name of names)
        await folder.write(name, Buffer.from(`${round}${'x'.repeat(49)}`), round === 0)
      const written = readdirSync(out).reduce((sum, name) => sum + readFileSync(join(out, name)).length, 0)
      expect((round + 1) * 150 - written).toBeLessThan(100)
    }
    await expect(folder.write('d', garbage, true)).rejects.toMatchObject({ code: 'sink/too-many-files' })
    await folder.flush()
    for (const name of names)
      expect(readFileSync(join(out, name), 'utf8').replaceAll('x', '')).toBe('0123456789')
    // Another file of the same name, as where names are compared without case, is never mixed in.
    const other = await FolderOutput.open(join(directory, 'other'), limits)
    writeFileSync(join(directory, 'other', 'a'), 'first')
    await other.write('a', garbage, true)
    await expect(other.flush()).rejects.toMatchObject({ code: 'sink/write' })
    expect(readFileSync(join(directory, 'other', 'a'), 'utf8')).toBe('first')
  })
})

describe('--genus and --unknown', () => {
  const [message = garbage] = kel(0, 1).messages
  const text = Buffer.from(message).toString()
  const at = text.lastIndexOf('-AAB')
  const attachments = text.slice(at)

  test('the tables of a stream that names none are told from it, or by --genus', () => {
    const path = file('a.cesr', text)
    expect(kelpipe(['verify', path]).status).toBe(0)
    expect(kelpipe(['verify', '--genus', '1', path]).status).toBe(0)
    // By the tables of version 2 the group is one of messages, and what stands in it is none.
    expect(kelpipe(['verify', '--genus', '2', path]).status).not.toBe(0)
    expect(kelpipe(['annotate', '--genus', '1', path]).stdout).toContain('-A ControllerIdxSigs')
    expect(kelpipe(['annotate', '--genus', '2', path]).stdout).not.toContain('-A ControllerIdxSigs')
    expect(kelpipe(['verify', '--genus', '3', path]).status).toBe(2)
  })

  test('an unknown code costs its message, or with --unknown skip the group that holds it', () => {
    // 26 quadlets of attachments: 23 of the signature and 3 behind a counter that is in no table.
    const bytes = `${text.slice(0, at)}-VAa${attachments}-yABAAAAAAAA`
    const path = file('a.cesr', bytes)
    const rejected = kelpipe(['verify', '--json', path])
    const skipped = kelpipe(['verify', '--json', '--unknown', 'skip', path])
    expect(JSON.parse(rejected.stdout)).toMatchObject({ accepted: 0 })
    expect(rejected.status).toBe(3)
    expect(JSON.parse(skipped.stdout)).toMatchObject({ accepted: 1, faults: 0 })
    expect(skipped.status).toBe(0)
    expect(kelpipe(['annotate', path]).status).toBe(3)
    const shown = kelpipe(['annotate', '--unknown', 'skip', path])
    expect(shown.status).toBe(0)
    expect(shown.stdout).toMatch(/# opaque, \d+ bytes at/)
    expect(kelpipe(['verify', '--unknown', 'ignore', path]).status).toBe(2)
  })
})

const sleep = async (ms: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
