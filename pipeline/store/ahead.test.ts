import { expect, test } from 'vitest'

import type { Writes } from '../../native/records.ts'
import { textBytes } from '../text.ts'
import { ahead } from './ahead.ts'
import { MemoryStore } from './memory.ts'
import { writesOf } from './testing/records.ts'

/** In the order of their numbers. */
const tables = ['kel', 'log', 'late'] as const
const keys = ['a', 'a1', 'a2', 'a\u00ff', 'b', 'b1']

/** Writes in the order that the engine gives them: of six records one comes and one goes, others in each part. */
const partOf = (number: number): Writes =>
  writesOf(
    tables.flatMap((table, at) =>
      keys.flatMap((key, index) => {
        const turn = (number + at + index) % 6
        return turn === 0
          ? [{ table, key }]
          : turn === 3
            ? [{ table, key, value: `${number} of ${key}` }]
            : []
      }),
    ),
  )

// Goal: what is on its way counts as if it had come. Method: some parts of ten are in the store, and the others on their
// way; compare with a store that has them all.
test('a store reads as it will with the writes that are on their way', async () => {
  const parts = Array.from({ length: 10 }, (_, number) => partOf(number))
  const whole = new MemoryStore()
  for (const part of parts) await whole.commit(part, new Map())
  for (let stored = 0; stored <= parts.length; stored += 1) {
    const store = new MemoryStore()
    for (const part of parts.slice(0, stored)) await store.commit(part, new Map())
    // What has come may still be counted among what is on its way.
    for (const from of [stored, Math.max(0, stored - 2)]) {
      const reader = ahead(store, parts.slice(from).toReversed())
      for (const table of tables) {
        for (const key of [...keys, 'c']) {
          const bytes = Uint8Array.from(Buffer.from(key, 'latin1'))
          expect(reader.get(table, bytes)).toEqual(whole.get(table, bytes))
        }
        for (const prefix of ['', 'a', 'b', 'b2'].map(textBytes))
          expect([...reader.scan(table, { prefix })]).toEqual([...whole.scan(table, { prefix })])
      }
    }
  }
})
