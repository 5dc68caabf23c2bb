import { lastValueFrom, of, toArray } from 'rxjs'
import { expect, test } from 'vitest'

import type { Part } from './flow.ts'
import { publish } from './publish.ts'

const part = (name: string, last: boolean, events: string[]): Part => ({
  work: { kind: 'waiting', op: 'expire', keys: [], ack: () => events.push(`ack ${name}`) },
  settled: undefined,
  last,
  release: () => undefined,
})

test('every sink has taken a part before its batch is acknowledged, and only the last part does that', async () => {
  const events: string[] = []
  const slow = {
    write: async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      events.push('written')
    },
  }
  const quick = { write: async (): Promise<void> => void events.push('quick') }
  const parts = of(part('a', false, events), part('a', true, events))
  await lastValueFrom(parts.pipe(publish([slow, quick]), toArray()))
  expect(events).toEqual(['written', 'quick', 'written', 'quick', 'ack a'])
})
