import type { Case } from './case.ts'

/** Simpler cases than this one, the simplest first. */
function* simpler(failing: Case): Iterable<Case> {
  const { plan } = failing
  const withPlan = (change: Partial<Case['plan']>): Case => ({ ...failing, plan: { ...plan, ...change } })
  if (failing.crashes > 0) yield { ...failing, crashes: 0 }
  if (failing.crashes > 1) yield { ...failing, crashes: failing.crashes - 1 }
  if (failing.flips > 0) yield { ...failing, flips: failing.flips - 1 }
  for (const name of ['drop', 'corrupt', 'duplicate'] as const)
    if ((plan[name] ?? 0) > 0) yield withPlan({ [name]: 0 })
  if (failing.chunkBytesMax < 100_000) yield { ...failing, chunkBytesMax: 100_000 }
  if (failing.commit === 'each') yield { ...failing, commit: 'group' }
  if (failing.partsInFlight > 1) yield { ...failing, partsInFlight: 1 }
  if (failing.wakesPerPartMax < 4096) yield { ...failing, wakesPerPartMax: 4096 }
  if (failing.cacheBytes < 1_000_000) yield { ...failing, cacheBytes: 1_000_000 }
  for (const name of ['shapes', 'wires'] as const)
    if (plan[name].length > 1) for (const one of plan[name]) yield withPlan({ [name]: [one] })
  for (const name of ['aids', 'events', 'interleave', 'shuffle'] as const) {
    const value = plan[name] ?? 1
    for (const less of new Set([1, Math.floor(value / 2), value - 1]))
      if (less >= 1 && less < value) yield withPlan({ [name]: less })
  }
}

/** Takes away from a failing case what is not needed for it to fail. */
export async function shrunk(failing: Case, fails: (candidate: Case) => Promise<boolean>): Promise<Case> {
  for (const candidate of simpler(failing)) if (await fails(candidate)) return shrunk(candidate, fails)
  return failing
}
