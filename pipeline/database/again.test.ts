import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import type { Writes } from '../../native/records.ts'
import { kel, stream } from '../../tests/boundary/kel.ts'
import { engineOptions, standardRules } from '../commands/options.ts'
import { taken } from '../escrow/testing/waiting.ts'
import { limits } from '../limits.ts'
import { MemoryStore } from '../store/memory.ts'
import type { MetaRecords } from '../store/store.ts'
import { makeAgain } from './again.ts'
import { differences } from './compare.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kelpipe-again-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

class Counting extends MemoryStore {
  commits = 0

  override async commit(writes: Writes | undefined, meta: MetaRecords): Promise<void> {
    this.commits += 1
    await super.commit(writes, meta)
  }
}

// Goal: a check stays possible when a flood waits. Method: entries of AIDs of which nothing is logged, one each.
test('the counts of AIDs that only wait are made anew in few transactions', async () => {
  const aids = 300
  const path = join(directory, 'strays.cesr')
  const strays = Array.from({ length: aids }, (_, seed) => kel(seed, 2).messages[1] ?? new Uint8Array(0))
  writeFileSync(path, stream(strays))
  const { addon, store } = await taken([path])
  const to = new Counting()
  const options = engineOptions(standardRules)
  const signal = new AbortController().signal
  expect(await makeAgain({ addon, options, limits, from: store, to, signal })).toEqual([])
  expect(to.count('aids')).toBe(aids)
  expect(to.commits).toBeLessThan(20)
  const found: unknown[] = []
  for await (const problem of differences({ addon, pageRecords: 50, now: store, again: to }))
    found.push(problem)
  expect(found).toEqual([])
})
