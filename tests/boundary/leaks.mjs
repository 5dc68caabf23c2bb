// node --expose-gc leaks.mjs ADDON SOURCE: prints how much memory there is before and after 10,000 calls.
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

import { abandon, bind, verify } from './exercise.mjs'

const [, , addonPath, sourcePath] = process.argv
const binding = bind(addonPath)
const bytes = readFileSync(sourcePath)

/** A buffer of its own, which only the batch holds on to. */
const fresh = () => new Uint8Array(bytes)

async function run(rounds) {
  for (let round = 0; round < rounds; round += 1) {
    await verify(binding, fresh())
    await abandon(binding, fresh())
  }
}

async function memory() {
  // Finalizers run in turns of the event loop after the collection that found their objects.
  for (let turn = 0; turn < 10; turn += 1) {
    globalThis.gc()
    await setImmediate()
  }
  const { rss, external, arrayBuffers, heapUsed } = process.memoryUsage()
  const threads = Number(/Threads:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0)
  return { rss, external, arrayBuffers, heapUsed, threads }
}

// A round is about eleven calls that reach the native side.
await run(500)
const before = await memory()
await run(1000)
const after = await memory()
console.log(JSON.stringify({ before, after }))
