import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { loadAddon } from '../../native/addon.ts'
import { packageRoot } from '../../native/root.ts'
import { judge } from './judge.ts'

/** Streams that are split at every byte; the others come one byte at a time. */
const splitEverywhere = 30

const folder = join(packageRoot(), 'tests', 'parity', 'fixtures')
const streams = readdirSync(folder)
  .filter((name) => name.endsWith('.cesr'))
  .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }))
  .toSorted((a, b) => a.bytes.length - b.bytes.length)

describe('the same verdicts and faults however a stream is cut', { timeout: 300_000 }, () => {
  const addon = loadAddon()

  test(`at every byte of ${splitEverywhere} streams`, async () => {
    for (const { name, bytes } of streams.slice(0, splitEverywhere)) {
      const whole = await judge(addon, 'hardened', [bytes])
      for (let at = 1; at < bytes.length; at += 1) {
        const halves = await judge(addon, 'hardened', [bytes.subarray(0, at), bytes.subarray(at)])
        expect(halves, `${name} cut at ${at}`).toEqual(whole)
      }
    }
  })

  test('one byte at a time', async () => {
    expect(streams.length).toBeGreaterThan(splitEverywhere)
    for (const { name, bytes } of streams.slice(splitEverywhere)) {
      const whole = await judge(addon, 'hardened', [bytes])
      const pieces = Array.from(bytes.keys(), (at) => bytes.subarray(at, at + 1))
      expect(await judge(addon, 'hardened', pieces), name).toEqual(whole)
    }
  })
})
