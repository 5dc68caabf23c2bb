import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { concat } from 'rxjs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { Chunk, Origin } from '../../operators/flow.ts'
import { Slots } from '../../operators/slots.ts'
import { limits, type Limits } from '../limits.ts'
import { Pace } from '../pace.ts'
import { sourcesOf } from './index.ts'
import type { SourceContext } from './source.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-sources-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Runs sources as `run.ts` does: what is read is remembered with its position when it is acknowledged. */
class Bench {
  readonly notes: string[] = []
  readonly chunks: Chunk[] = []
  readonly stored = new Map<string, Uint8Array>()
  stop = new AbortController()

  context(changed: Partial<Limits> = {}): SourceContext {
    const all = { ...limits, ...changed }
    return {
      limits: all,
      pace: new Pace(all),
      signal: this.stop.signal,
      credits: new Slots(all.creditsPerSource, this.stop.signal),
      numberOf: () => 1,
      recall: (name) => this.stored.get(name),
      note: (text) => this.notes.push(text),
    }
  }

  /** Reads sources to their end; returns the text that came. */
  async read(argument: string, changed: Partial<Limits> = {}): Promise<string> {
    const context = this.context(changed)
    let text = ''
    await new Promise<void>((resolve, reject) => {
      concat(...sourcesOf(argument).map((source) => source.chunks(context))).subscribe({
        next: (chunk) => {
          this.chunks.push(chunk)
          text += Buffer.from(chunk.bytes).toString('latin1')
          const record = chunk.origin.checkpoint?.(chunk.at + chunk.bytes.length)
          if (record) this.stored.set(...record)
          setImmediate(() => chunk.ack())
        },
        error: reject,
        complete: resolve,
      })
    })
    return text
  }
}

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const long = Array.from({ length: 60_000 }, (_, index) => `line ${index}\n`).join('')

describe('files', () => {
  test('plain and compressed files give the same bytes, with positions in the stream', async () => {
    for (const path of [file('a.cesr', long), file('a.cesr.gz', gzipSync(long))]) {
      const bench = new Bench()
      expect(await bench.read(path)).toBe(long)
      let at = 0
      for (const chunk of bench.chunks) {
        expect(chunk.at).toBe(at)
        at += chunk.bytes.length
      }
      expect(bench.chunks.at(-1)?.end).toBe('end')
      expect(bench.chunks.slice(0, -1).every(({ end }) => end === 'more')).toBe(true)
    }
  })

  test('a Zstandard file is read', async () => {
    const path = file('b.cesr.zst', Buffer.from(zstdOfHello, 'base64'))
    expect(await new Bench().read(path)).toBe('hello hello hello hello hello hello\n')
  })

  test('a damaged compressed file says so, with its name', async () => {
    const whole = gzipSync(long)
    const cut = file('cut.cesr.gz', whole.subarray(0, whole.length >> 1))
    await expect(new Bench().read(cut)).rejects.toMatchObject({
      code: 'source/compressed',
      message: expect.stringContaining(cut),
    })
    const none = file('none.cesr.zst', 'this is no Zstandard')
    await expect(new Bench().read(none)).rejects.toMatchObject({ code: 'source/compressed' })
  })

  test('a few compressed bytes that stand for many do not fill the memory', async () => {
    // One raw frame header, then blocks that each repeat a byte 128 KiB times.
    const blocks = Array.from({ length: 900 }, () => [0x02, 0x00, 0x10, 0x41]).flat()
    const bomb = file('bomb.cesr.zst', Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, ...blocks]))
    await expect(new Bench().read(bomb)).rejects.toMatchObject({
      code: 'source/compressed',
      message: expect.stringMatching(/more than \d+ bytes/),
    })
  })

  test('a folder gives its CESR files, in the order of their paths', async () => {
    mkdirSync(join(directory, 'a'))
    file('b.cesr', 'b')
    file('notes.txt', 'not this')
    file('a/2.cesr', '2')
    file('a/1.cesr.gz', gzipSync('1'))
    expect(await new Bench().read(directory)).toBe('12b')
  })

  test('no more chunks are out than there are credits', async () => {
    const bench = new Bench()
    const context = bench.context({ batchBytesMin: 10, batchBytesMax: 10, creditsPerSource: 3 })
    const out: Chunk[] = []
    const done = new Promise<void>((resolve) => {
      sourcesOf(file('a.cesr', long))[0]
        ?.chunks(context)
        .subscribe({ next: (chunk) => out.push(chunk), complete: resolve })
    })
    await sleep(50)
    expect(out).toHaveLength(3)
    out[0]?.ack()
    await sleep(50)
    expect(out).toHaveLength(4)
    bench.stop.abort()
    await done
  })

  test('what is missing is named, with what else a source may be', () => {
    expect(() => sourcesOf(join(directory, 'missing.cesr'))).toThrow(
      /there is no file or folder .*missing\.cesr/,
    )
    expect(() => sourcesOf(directory)).toThrow(/holds no \.cesr/)
    expect(() => sourcesOf('tcp://nowhere')).toThrow(/no address to listen on/)
  })
})

describe('going on where a file was left', () => {
  test('a file that has grown is read from where it was left', async () => {
    const path = file('a.cesr', 'first ')
    const bench = new Bench()
    expect(await bench.read(path)).toBe('first ')
    appendFileSync(path, 'second')
    expect(await bench.read(path)).toBe('second')
    expect(bench.notes).toEqual([expect.stringContaining('going on at byte 6')])
    expect(await bench.read(path)).toBe('')
  })

  test('a truncated file is recognised and read from its start', async () => {
    const path = file('a.cesr', long)
    const bench = new Bench()
    await bench.read(path)
    truncateSync(path, 100)
    expect(await bench.read(path)).toBe(long.slice(0, 100))
    expect(bench.notes.at(-1)).toMatch(
      /was truncated \(100 bytes; \d+ had been read\): reading it from the start/,
    )
  })

  test('a replaced file is recognised, by its inode or by its content', async () => {
    const path = file('a.cesr', 'the content')
    const bench = new Bench()
    await bench.read(path)
    renameSync(file('new', 'the content of another'), path)
    expect(await bench.read(path)).toBe('the content of another')
    expect(bench.notes.at(-1)).toMatch(/was replaced since it was read/)
    writeFileSync(path, 'other words in the same inode')
    expect(await bench.read(path)).toBe('other words in the same inode')
    expect(bench.notes.at(-1)).toMatch(/has other content/)
  })

  test('a compressed file goes on at its position in the content; a grown one starts anew', async () => {
    const path = file('a.cesr.gz', gzipSync(long))
    const bench = new Bench()
    const context = bench.context()
    const part = await new Promise<Chunk>((resolve) => sourcesOf(path)[0]?.chunks(context).subscribe(resolve))
    const record = part.origin.checkpoint?.(1234)
    if (record) bench.stored.set(...record)
    bench.stop.abort()
    bench.stop = new AbortController()
    expect(await bench.read(path)).toBe(long.slice(1234))
    expect(await bench.read(path)).toBe('')
    writeFileSync(path, gzipSync(`${long}${long}`))
    expect(await bench.read(path)).toBe(`${long}${long}`)
  })
})

describe('listeners', () => {
  const quick = { flushIdleMs: 20, unfinishedFrameMs: 150, connectionIdleMs: 150 }

  async function listening(
    address: string,
    changed: Partial<Limits> = {},
  ): Promise<{ bench: Bench; done: Promise<void>; connection: () => Socket }> {
    const bench = new Bench()
    const context = bench.context({ ...quick, ...changed })
    const done = new Promise<void>((resolve, reject) =>
      sourcesOf(address)[0]
        ?.chunks(context)
        .subscribe({ next: (chunk) => bench.chunks.push(chunk), error: reject, complete: resolve }),
    )
    done.catch(() => undefined)
    await until(() => bench.notes.length > 0)
    const port = Number(/:(\d+)$/.exec(bench.notes[0] ?? '')?.[1])
    const connection = (): Socket =>
      address.startsWith('tcp') ? connect(port, '127.0.0.1') : connect(address.slice('unix:'.length))
    return { bench, done, connection }
  }

  test.each(['tcp://127.0.0.1:0', 'unix'])('%s: each connection is a stream with an end', async (kind) => {
    const address = kind === 'unix' ? `unix:${join(directory, 'socket')}` : kind
    const { bench, done, connection } = await listening(address)
    connection().end('one')
    connection().end('two')
    await until(() => bench.chunks.filter(({ end }) => end === 'end').length === 2)
    const texts = new Map<Origin, string>()
    for (const { origin, bytes } of bench.chunks)
      texts.set(origin, (texts.get(origin) ?? '') + Buffer.from(bytes).toString())
    expect([...texts.values()].toSorted()).toEqual(['one', 'two'])
    bench.stop.abort()
    await done
  })

  test('a silence asks once for a flush; a silent connection is closed in the end', async () => {
    const { bench, connection } = await listening('tcp://127.0.0.1:0', {
      connectionIdleMs: 1_000,
      unfinishedFrameMs: 10_000,
    })
    const socket = connection()
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.resume()
    socket.write('bare message')
    await until(() => bench.chunks.length >= 1)
    bench.chunks[0]?.framed?.(12, false)
    bench.chunks[0]?.ack()
    await until(() => bench.chunks.length >= 2)
    expect(bench.chunks[1]?.end).toBe('flush')
    bench.chunks[1]?.framed?.(0, true)
    bench.chunks[1]?.ack()
    await closed
    expect(bench.chunks.map(({ end }) => end)).toEqual(['more', 'flush', 'end'])
    bench.stop.abort()
  })

  test('a message that drips in without end is cut off', async () => {
    const { bench, connection } = await listening('tcp://127.0.0.1:0', { connectionIdleMs: 10_000 })
    const socket = connection()
    const drip = setInterval(() => socket.write('x'), 10)
    socket.on('error', () => undefined)
    let pending = 0
    for (let seen = 0; bench.chunks.at(-1)?.end !== 'end'; await sleep(1))
      for (; seen < bench.chunks.length; seen += 1) {
        pending += bench.chunks[seen]?.bytes.length ?? 0
        bench.chunks[seen]?.framed?.(pending, false)
        bench.chunks[seen]?.ack()
      }
    clearInterval(drip)
    expect(pending).toBeLessThan(100)
    bench.stop.abort()
  })

  test('a sender is held back while its chunks are not acknowledged', async () => {
    const { bench, connection } = await listening('tcp://127.0.0.1:0', { creditsPerSource: 2 })
    const socket = connection()
    socket.on('error', () => undefined)
    for (let sent = 0; sent < 64; sent += 1) socket.write(Buffer.alloc(1024 * 1024))
    await sleep(300)
    expect(bench.chunks).toHaveLength(2)
    expect(socket.writableLength).toBeGreaterThan(32 * 1024 * 1024)
    socket.destroy()
    bench.stop.abort()
  })

  test('more connections than allowed are turned away; a taken port is an error that names it', async () => {
    const { bench, connection } = await listening('tcp://127.0.0.1:0', {
      connectionsPerListener: 1,
      connectionIdleMs: 10_000,
    })
    const first = connection()
    first.write('x')
    await until(() => bench.chunks.length === 1)
    const second = connection()
    second.on('error', () => undefined)
    await new Promise((resolve) => second.once('close', resolve))
    const address = (bench.notes[0] ?? '').replace('listening on ', '')
    const other = new Bench().context()
    const taken = new Promise((_, reject) =>
      sourcesOf(address)[0]?.chunks(other).subscribe({ error: reject }),
    )
    await expect(taken).rejects.toMatchObject({
      code: 'source/listen',
      message: expect.stringContaining(address),
    })
    first.destroy()
    bench.stop.abort()
  })
})

const sleep = async (ms: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 5) {
    if (waitedMs > 10_000) throw new Error('it did not happen in time')
    await sleep(5)
  }
}

/** `hello ` six times, compressed by the reference implementation. */
const zstdOfHello = 'KLUv/SQkbQAAOGhlbGxvIAoBALlLEWsfCGc='
