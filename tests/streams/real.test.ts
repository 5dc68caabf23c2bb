import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { loadAddon } from '../../native/addon.ts'
import { judge } from './judge.ts'

interface Recorded {
  readonly file: string
  readonly versions: Readonly<Record<string, number>>
  readonly keripy: { readonly accepted: Readonly<Record<string, number>>; readonly full: boolean }
}

const vectors = process.env['KELPIPE_VECTORS']

describe.skipIf(!vectors)('streams from the field (KELPIPE_VECTORS)', { timeout: 300_000 }, () => {
  const folder = join(vectors ?? '', 'real')

  test.each(['hardened', 'keripy'] as const)(
    'what the reference accepted is accepted with the same sn, mode %s',
    async (mode) => {
      const addon = loadAddon()
      const recorded = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Recorded[]
      const missing: string[] = []
      let aids = 0
      for (const { file, keripy } of recorded) {
        const { accepted } = await judge(addon, mode, [readFileSync(join(folder, file))])
        for (const [aid, sn] of Object.entries(keripy.accepted)) {
          aids += 1
          const ours = accepted.get(aid) ?? -1n
          // Where the reference left events waiting that it had all it needed for, more is accepted here.
          if (keripy.full ? ours !== BigInt(sn) : ours < BigInt(sn))
            missing.push(`${file} ${aid}: ${sn}, not ${ours}`)
        }
      }
      expect(missing).toEqual([])
      expect(aids).toBeGreaterThan(100)
    },
  )
})
