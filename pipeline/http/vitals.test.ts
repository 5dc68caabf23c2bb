import { tmpdir } from 'node:os'

import { fastify } from 'fastify'
import { expect, test } from 'vitest'

import { limits } from '../limits.ts'
import { MemoryStore } from '../store/memory.ts'
import { withCalls, type Store } from '../store/store.ts'
import { healthRoutes } from './routes/health.ts'
import { Vitals, type VitalsOptions } from './vitals.ts'

const vitals = (changed: Partial<VitalsOptions['limits']> = {}, oldest?: number): Vitals =>
  new Vitals({
    limits: { ...limits, diskFreeBytesMin: 0, ...changed },
    directory: tmpdir(),
    oldestDelivery: () => oldest,
  })

/** A store whose transactions end as `commit` says. */
const committing = (commit: Store['commit']): Store => withCalls(new MemoryStore(), { commit })

test('it is ready as long as nothing is wrong', async () => {
  expect(await vitals().readiness()).toEqual({ ready: true, reasons: [] })
})

test('a transaction that takes too long is a reason until it ends', async () => {
  const watched = vitals({ staleWriteMs: -1 })
  let end = (): void => undefined
  const store = watched.watch(committing(async () => new Promise((resolve) => (end = resolve))))
  const done = store.commit(undefined, new Map())
  const { ready, reasons } = await watched.readiness()
  expect([ready, reasons]).toEqual([
    false,
    [expect.stringMatching(/^stale writes: .* under way for \d+ ms$/)],
  ])
  end()
  await done
  expect(await watched.readiness()).toEqual({ ready: true, reasons: [] })
})

test('a transaction that failed is a reason, with why', async () => {
  const watched = vitals()
  const store = watched.watch(committing(async () => Promise.reject(new Error('the disk is full'))))
  await expect(store.commit(undefined, new Map())).rejects.toThrow('the disk is full')
  expect(await watched.readiness()).toEqual({
    ready: false,
    reasons: ['stale writes: a transaction failed: the disk is full'],
  })
})

test('a delivery that takes too long is a reason: it lags', async () => {
  const late = vitals({ lagMs: 0 }, performance.now() - 1_000)
  const { ready, reasons } = await late.readiness()
  expect([ready, reasons]).toEqual([
    false,
    [expect.stringMatching(/^lag: a delivery is under way for \d+ ms$/)],
  ])
})

test('a disk that is nearly full is a reason', async () => {
  const { ready, reasons } = await vitals({ diskFreeBytesMin: Number.MAX_SAFE_INTEGER }).readiness()
  expect([ready, reasons]).toEqual([
    false,
    [expect.stringMatching(/^map nearly full: the disk has room for \d+ more bytes, which is less than/)],
  ])
})

test('all reasons are told, and that the run comes to its end is one', async () => {
  const watched = vitals({ lagMs: 0, diskFreeBytesMin: Number.MAX_SAFE_INTEGER }, 0)
  watched.close()
  const { reasons } = await watched.readiness()
  expect(reasons).toHaveLength(3)
  expect(reasons[0]).toBe('the run comes to its end')
})

test('over HTTP it is 200 or 503, with the reasons; it is alive in both cases', async () => {
  const asked = async (of: Vitals, path: string): Promise<unknown> => {
    const app = fastify()
    await app.register(healthRoutes({ vitals: of }))
    const { statusCode, body } = await app.inject(path)
    await app.close()
    return [statusCode, JSON.parse(body)]
  }
  expect(await asked(vitals(), '/health/ready')).toEqual([200, { status: 'ready', reasons: [] }])
  const ending = vitals()
  ending.close()
  const reasons = ['the run comes to its end']
  expect(await asked(ending, '/health/ready')).toEqual([503, { status: 'not ready', reasons }])
  expect(await asked(ending, '/health/live')).toEqual([200, { status: 'live' }])
})
