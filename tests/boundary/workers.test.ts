import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import { expect, test } from 'vitest'

import { addonPath } from '../../native/addon.ts'
import { kel, stream } from './kel.ts'

const script = new URL('worker.mjs', import.meta.url)
const start = (seed: number, rounds: number): Worker =>
  new Worker(script, {
    workerData: { addonPath: addonPath(), source: stream(kel(seed, 50).messages), rounds },
  })

interface Message {
  readonly round?: number
  readonly accepted?: number
}

test('16 worker threads at once, each with engines of its own', async () => {
  const rounds = 5
  const results = await Promise.all(
    Array.from({ length: 16 }, async (_, seed) => {
      const worker = start(100 + seed, rounds)
      const messages: Message[] = []
      worker.on('message', (message: Message) => messages.push(message))
      const [code] = (await once(worker, 'exit')) as [number]
      return { code, accepted: messages.at(-1)?.accepted }
    }),
  )
  expect(results).toEqual(Array.from({ length: 16 }, () => ({ code: 0, accepted: 50 * rounds })))
})

// Goal: a thread that is ended in the middle of its work takes nobody with it. Method: end each at a random moment.
test('worker threads that are terminated while they settle', async () => {
  await Promise.all(
    Array.from({ length: 16 }, async (_, seed) => {
      const worker = start(200 + seed, 1_000)
      for (let messages = seed % 5; messages >= 0; messages -= 1) await once(worker, 'message')
      await new Promise((resolve) => setTimeout(resolve, seed))
      expect(await worker.terminate()).toBe(1)
    }),
  )
})
