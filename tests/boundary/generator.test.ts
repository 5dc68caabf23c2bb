import { createRequire } from 'node:module'

import { expect, test } from 'vitest'

import { addonPath } from '../../native/addon.ts'
import { generate, shapeNames, wireNames, type GeneratorPlan } from '../../native/generator.ts'
import { binding, codeOf } from './harness.ts'

const { Generator } = createRequire(import.meta.url)(addonPath()) as {
  Generator: new (plan: unknown) => { next(bytes: unknown): Promise<unknown> }
}

/** All that a plan makes. */
async function made(plan: GeneratorPlan, pieceBytes = 4096): Promise<{ stream: Buffer; truth: string }> {
  const pieces = []
  for await (const piece of generate(plan, pieceBytes)) pieces.push(piece)
  return {
    stream: Buffer.concat(pieces.map(({ stream }) => stream)),
    truth: pieces.map(({ truth }) => truth).join(''),
  }
}

test('a plan makes the same bytes however they are asked for', async () => {
  const plan = { seed: 5, aids: 30, shapes: shapeNames, wires: wireNames, interleave: 4, shuffle: 9 }
  const whole = await made(plan, 1 << 26)
  expect(whole.stream.length).toBeGreaterThan(50_000)
  expect(await made(plan, 5_000)).toEqual(whole)
  expect((await made({ ...plan, seed: 6 })).stream.equals(whole.stream)).toBe(false)
})

const unsound: readonly (readonly [unknown, string])[] = [
  [undefined, 'no plan'],
  [{ aids: -1 }, 'a negative number'],
  [{ aids: 1.5 }, 'a fraction'],
  [{ seed: 'one' }, 'text for a number'],
  [{ shapes: 'single' }, 'text for a list'],
  [{ shapes: ['no such shape'] }, 'an unknown shape'],
  [{ wires: ['v1-native'] }, 'a wire that does not exist'],
  [{ wires: ['v3-json'] }, 'an unknown version'],
  [{ witnesses: 2, toad: 3 }, 'more witnesses to sign than there are'],
  [{ interleave: 0 }, 'no story at a time'],
  [{ drop: 1_000_001 }, 'more than all'],
]

test.each(unsound)('a plan that cannot be carried out is refused: %o, %s', async (plan) => {
  expect(await codeOf(() => new Generator(plan))).toBe('native/argument')
})

test('pieces are asked for one after the other', async () => {
  const generator = new Generator({ aids: 10 })
  const first = generator.next(1 << 20)
  expect(await codeOf(() => generator.next(1))).toBe('native/order')
  await first
  expect(await codeOf(() => generator.next(-1))).toBe('native/argument')
  await generator.next(1)
})

test('a panic is an error, and the generator is done for', async () => {
  const generator = new Generator({ aids: 10 })
  binding.panicNext('generate')
  expect(await codeOf(() => generator.next(1))).toBe('native/panic')
  expect(await codeOf(() => generator.next(1))).toBe('native/order')
})

test('no key is to be had: a generator has nothing but pieces', () => {
  const names = Object.getOwnPropertyNames(Generator.prototype).filter((name) => name !== 'constructor')
  expect(names).toEqual(['next'])
})
