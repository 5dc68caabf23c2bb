import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { expect, test } from 'vitest'

import { addonPath } from '../../native/addon.ts'
import type { Prepared } from '../../native/engine.ts'
import { addon, options, settleAll, spansOf } from './harness.ts'
import { kel, stream } from './kel.ts'

const MiB = 2 ** 20

interface Memory {
  readonly rss: number
  readonly external: number
  readonly arrayBuffers: number
  readonly heapUsed: number
  readonly threads: number
}

// Goal: nothing is kept of a call once JavaScript let go of it. Method: over ten thousand calls with batches that are
// settled, given up and refused; what a batch of this size leaves behind at 1 KiB a call would be 10 MiB.
test('10,000 calls leave no memory behind', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kelpipe-'))
  try {
    const source = join(folder, 'source.cesr')
    writeFileSync(source, stream(kel(60, 20).messages))
    const script = fileURLToPath(new URL('leaks.mjs', import.meta.url))
    const out = execFileSync(process.execPath, ['--expose-gc', script, addonPath(), source], {
      encoding: 'utf8',
    })
    const { before, after } = JSON.parse(out) as { before: Memory; after: Memory }
    expect(after.external - before.external).toBeLessThan(MiB)
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(MiB)
    expect(after.heapUsed - before.heapUsed).toBeLessThan(2 * MiB)
    expect(after.rss - before.rss).toBeLessThan(10 * MiB)
    expect(after.threads).toBe(before.threads)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

async function collect(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  for (let turn = 0; turn < 10; turn += 1) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('a source lives as long as its batch, and no longer', async () => {
  const engine = addon.engine(options)
  const begin = async (): Promise<{ prepared: Prepared; weak: WeakRef<ArrayBufferLike> }> => {
    const source = stream(kel(61, 3).messages)
    return {
      prepared: await engine.prepare(source, spansOf(source), { source: 1 }),
      weak: new WeakRef(source.buffer),
    }
  }
  let batch: { prepared: Prepared | undefined; weak: WeakRef<ArrayBufferLike> } = await begin()
  await collect()
  expect(batch.weak.deref(), 'pinned until it is settled').toBeDefined()
  if (batch.prepared) await settleAll(engine, batch.prepared)
  await collect()
  expect(batch.weak.deref(), 'let go of when it is settled').toBeUndefined()
  batch = await begin()
  batch.prepared = undefined
  await collect()
  expect(batch.weak.deref(), 'let go of when it is given up').toBeUndefined()
})
