// Runs the program as a user would, and watches its memory from outside.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './lib.mjs'

export const main = join(root, 'dist', 'pipeline', 'main.js')
const sampleMs = 50

/** Anonymous memory of a process in MB; nothing once it has ended, or where the system does not tell. */
export function rssAnonMb(pid) {
  try {
    const kb = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kb === undefined ? undefined : Number(kb) / 1024
  } catch {
    return undefined
  }
}

/** Runs kelpipe to its end: the end of its output, the last line of that, its seconds, and its memory over time. */
export async function kelpipe(...args) {
  const start = performance.now()
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const memory = []
  const timer = setInterval(() => {
    const mb = rssAnonMb(child.pid)
    if (mb !== undefined) memory.push(mb)
  }, sampleMs)
  let tail = ''
  child.stdout.setEncoding('latin1').on('data', (data) => (tail = (tail + data).slice(-65_536)))
  const status = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(timer)
  return {
    status,
    tail,
    last: tail.trim().split('\n').at(-1) ?? '',
    seconds: (performance.now() - start) / 1000,
    peakMb: Math.max(0, ...memory),
    // The first half is left to caches that fill.
    halfMb: Math.max(0, ...memory.slice(0, Math.ceil(memory.length / 2))),
  }
}

/** Starts kelpipe and waits until it has said on what ports it listens: the groups of a pattern. */
export async function started(args, pattern) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  process.on('exit', () => child.kill('SIGKILL'))
  const closed = once(child, 'close')
  let tail = ''
  child.stdout.setEncoding('latin1').on('data', (data) => (tail = (tail + data).slice(-65_536)))
  const ports = await new Promise((resolve, reject) => {
    let said = ''
    child.stderr.on('data', (data) => {
      said = (said + data).slice(-65_536)
      const found = pattern.exec(said)
      if (found) resolve(found.slice(1))
    })
    void closed.then(() => reject(new Error(`kelpipe ${args.join(' ')} ended: ${said}`)))
  })
  const stopped = async () => {
    child.kill('SIGINT')
    const [status] = await closed
    return { status, last: tail.trim().split('\n').at(-1) ?? '' }
  }
  return { pid: child.pid, ports, stopped }
}

/** Makes a stream as a file. */
export async function made(path, ...options) {
  const { status } = await kelpipe('gen', '--quiet', '--out', path, ...options)
  if (status !== 0) throw new Error(`gen ended with ${status}`)
  return path
}
