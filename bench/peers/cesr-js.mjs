// Parses a file with cesr-js, in chunks of 4 KiB, and prints how long that took.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, path] = process.argv.slice(2)
const { parse } = await import(pathToFileURL(join(folder, 'node_modules', 'cesr', 'dist', '__main__.js')))
const bytes = readFileSync(path)

async function* chunks() {
  for (let at = 0; at < bytes.length; at += 4096) yield bytes.subarray(at, at + 4096)
}

const start = performance.now()
let events = 0
for await (const message of parse(chunks())) events += message ? 1 : 0
console.log(JSON.stringify({ events, seconds: (performance.now() - start) / 1000 }))
