import { anything as anyValue, assert, asyncProperty, nat } from 'fast-check'
import { expect, test } from 'vitest'

import { binding, codeOf, detach, now, options, resizable, spansOf } from './harness.ts'
import { kel, stream } from './kel.ts'

const source = stream(kel(10, 2).messages)
const spans = spansOf(source)
const bytes = new Uint8Array([1, 2, 3])

const throwing = new Proxy(
  {},
  {
    get: () => {
      throw new Error('no code: a trap threw')
    },
  },
)
const revoked = Proxy.revocable({}, {})
revoked.revoke()
const detached = new Uint8Array(8)
detach(detached)

/** Values that a careless binding would trip over. */
const hostile: readonly unknown[] = [
  undefined,
  null,
  Symbol('s'),
  () => 1,
  Uint8Array,
  throwing,
  revoked.proxy,
  detached,
  new Uint8Array(new SharedArrayBuffer(8)),
  new Uint8Array(resizable(8, 16)),
  new DataView(new ArrayBuffer(8)),
  new ArrayBuffer(8),
  new Uint8ClampedArray(8),
  new Float32Array(8),
  new BigUint64Array(2),
  new Uint32Array([0, 0xffff_ffff, 5, 0]),
  Array.from({ length: 3 }),
  // Its length alone must not make the binding reserve memory.
  Object.assign([], { length: 0xffff_ffff }),
  Number.NaN,
  -1,
  1.5,
  2 ** 53,
  Number.POSITIVE_INFINITY,
  -1n,
  2n ** 63n,
  2n ** 64n,
  2n ** 200n,
  '\uD800',
  'x'.repeat(100_000),
  new binding.Engine(options),
  new binding.Framer(options),
  Object.create(binding.Engine.prototype as object),
]

const anything = anyValue({
  withBigInt: true,
  withTypedArray: true,
  withDate: true,
  withNullPrototype: true,
  withSparseArray: true,
})

type Case = readonly [
  name: string,
  call: (...values: readonly unknown[]) => unknown,
  good: readonly unknown[],
]

const engine = new binding.Engine(options)
const framer = (): Record<string, (...values: readonly unknown[]) => unknown> => new binding.Framer(options)
const prepared = await engine['prepare']?.(source, spans, 1, false)

/** A settle by an engine of its own, since records that are no records end it. */
async function settle(batch: unknown, ...rest: readonly unknown[]): Promise<unknown> {
  const own = new binding.Engine({ threads: 1 })
  return own['settle']?.(
    batch === prepared ? await own['prepare']?.(source, spans, 1, false) : batch,
    ...rest,
  )
}

const toolNames = [
  'annotate',
  'annotate-json',
  'deannotate',
  'split-aid',
  'split-message',
  'to-binary',
  'to-text',
]

const cases: readonly Case[] = [
  ['new Engine', (given) => new binding.Engine(given), [options]],
  ['new Framer', (given) => new binding.Framer(given), [options]],
  ['new RecordFramer', (...values) => new binding.RecordFramer(...values), [options, true]],
  ...Object.keys({ ...options, limits: {}, tableCacheBytes: 0 }).map((name): Case => [
    `option ${name}`,
    (value) => new binding.Engine({ [name]: value }),
    [undefined],
  ]),
  ...['depthMax', 'outOfOrderSeconds', 'partialSeconds', 'waitingPerAidMax', 'wakesPerPartMax'].map(
    (name): Case => [
      `limit ${name}`,
      (value) => new binding.Engine({ limits: { [name]: value }, threads: 1 }),
      [undefined],
    ],
  ),
  ['frame', (...values) => framer()['frame']?.(...values), [source, true]],
  [
    'frame of records',
    (...values) => new binding.RecordFramer(options, true)['frame']?.(...values),
    [source, new Uint32Array([0, 0, 0, source.length])],
  ],
  ['open', (given) => new binding.Engine({ threads: 1 })['open']?.(given), [null]],
  ['prepare', (...values) => engine['prepare']?.(...values), [source, spans, 1, false]],
  ['prepareWaiting', (...values) => engine['prepareWaiting']?.(...values), ['retry', [bytes], undefined]],
  ['settle', settle, [prepared, null, now]],
  ['committed', (given) => engine['committed']?.(given), [1n]],
  ['boundArenas', binding.boundArenas, [2]],
  ['free', binding.free, [[new ArrayBuffer(8)]]],
  ['keyState', binding.keyState, ['AID', bytes, true]],
  ['record', binding.record, [0, bytes, bytes]],
  ['replay', binding.replay, [bytes, [bytes]]],
  ['ordinals', binding.ordinals, [bytes]],
  ['waitingMessage', binding.waitingMessage, [bytes, bytes]],
  ['missing', binding.missing, [bytes, bytes, null]],
  ['annotated', binding.annotated, [bytes]],
  ['keyStateAt', binding.keyStateAt, [bytes, bytes, bytes]],
  ['evidence', binding.evidence, [bytes, null]],
  ['aidCounted', binding.aidCounted, [null, new Uint32Array(12)]],
  ['countWaiting', (given) => engine['countWaiting']?.(given), [new Uint8Array(4)]],
  ['waitingIndexes', (given) => engine['waitingIndexes']?.(given), [bytes]],
  ['crc32c', binding.crc32c, [bytes]],
  ...['lz4', 'snappy', 'zstd'].map((name): Case => [
    `decompress ${name}`,
    binding.decompress,
    [name, bytes, 100],
  ]),
  ['new Tool', (...values) => new binding.Tool(...values), ['annotate', options]],
  ...toolNames.map((name): Case => [
    `tool ${name}`,
    (...values) => new binding.Tool(name, options)['next']?.(...values),
    [source, true],
  ]),
  ['panicNext', binding.panicNext, ['nothing']],
  ...['aid', 'kel', 'event', 'waiting'].map((name): Case => [
    `digest.${name}`,
    (...values) => new binding.StateDigest()[name]?.(...values),
    [bytes, name === 'event' ? [bytes] : bytes],
  ]),
]

// Goal: no value from JavaScript brings the process down or passes for what it is not. Method: every parameter of
// every export in turn gets anything at all; what is refused is refused with a code, or with the caller's own error.
test.each(cases)('%s refuses what is not meant for it', async (_, call, good) => {
  await assert(
    asyncProperty(nat({ max: good.length - 1 }), anything, async (position, value) => {
      const values = good.map((normal, at) => (at === position ? value : normal))
      const code = await codeOf(() => call(...values))
      expect(code ?? 'native/none').toMatch(
        /^native\/(none|argument|buffer|damaged|order|runtime)$|^no code: /,
      )
    }),
    { numRuns: 300 },
  )
  for (const value of hostile)
    for (const position of good.keys()) {
      const code = await codeOf(() => call(...good.map((normal, at) => (at === position ? value : normal))))
      expect(code ?? 'native/none').toMatch(
        /^native\/(none|argument|buffer|damaged|order|runtime)$|^no code: /,
      )
    }
})

test('each wrong type has the code native/argument', async () => {
  const wrong: readonly (readonly [() => unknown, string])[] = [
    [() => new binding.Engine(), 'options: an object is expected'],
    [() => new binding.Engine({ mode: 'lenient' }), 'mode: hardened or keripy is expected'],
    [
      () => new binding.Engine({ rulesOff: [19] }),
      'rulesOff: a whole number from 0 to 18 is expected, not 19',
    ],
    [() => new binding.Engine({ rulesOff: [14] }), 'rulesOff: there is no switch for rule 14'],
    [() => new binding.Engine({ lax: 1 }), 'lax: a boolean is expected'],
    [() => framer()['frame']?.('text', true), 'window: a Uint8Array is expected'],
    [() => framer()['frame']?.(source, 1), 'end: a boolean is expected'],
    [() => engine['prepare']?.(source, [0, 1, 2, 3], 1, false), 'spans: a Uint32Array is expected'],
    [() => engine['prepare']?.(source, spans, 2 ** 32, false), 'origin: a whole number from 0 to 4294967295'],
    [() => engine['settle']?.({}, null, now), 'prepared: what prepare resolved to is expected'],
    [() => engine['settle']?.(engine, null, now), 'prepared: what prepare resolved to is expected'],
    [() => engine['settle']?.(prepared, undefined, now), 'fetched: a Uint8Array is expected'],
    [() => engine['settle']?.(prepared, null, 1), 'nowMicros: a bigint is expected'],
    [() => engine['settle']?.(prepared, null, -1n), 'nowMicros: a bigint from 0 to'],
    [() => engine['prepareWaiting']?.('forget', []), 'op: retry, expire, remove, evict or wake is expected'],
    [() => engine['prepareWaiting']?.('wake', [], 'misfit'), 'kind: only a retry can be of one kind'],
    [() => engine['prepareWaiting']?.('retry', [], 'nothing'), 'kind: there is no nothing'],
    [() => new binding.Tool('frobnicate', options), 'name: there is no such tool'],
    [() => new binding.Tool(1, options), 'name: a string is expected'],
    [() => new binding.Tool('annotate'), 'options: an object is expected'],
    [() => engine['prepareWaiting']?.('retry', [1]), 'keys: a Uint8Array is expected'],
  ]
  for (const [call, message] of wrong) {
    expect(await codeOf(call), message).toBe('native/argument')
    expect(call).toThrow(message)
  }
})

test('spans that are not side by side within the source are refused', async () => {
  const size = source.length
  const bad: readonly (readonly number[])[] = [
    [0, 1, 2],
    [1, 1, 2, 1],
    [0, 3, 2, 1],
    [0, 1, size + 1, 1],
    [0, 0xffff_ffff, 0xffff_ffff, 1],
    [0, 9, 10, 1, 9, 11, 12, 1],
    [0, 9, 10, 0],
    [0, 9, 10, 1 | (1 << 16)],
  ]
  for (const words of bad)
    expect(
      await codeOf(() => engine['prepare']?.(source, new Uint32Array(words), 1, false)),
      String(words),
    ).toBe('native/argument')
})

test('a method on another object throws and does no harm', async () => {
  for (const name of [
    'open',
    'prepare',
    'prepareWaiting',
    'settle',
    'committed',
    'close',
    'metrics',
    'features',
  ])
    for (const receiver of [
      {},
      new binding.Framer(options),
      Object.create(binding.Engine.prototype as object),
      null,
      1,
    ])
      expect(() => engine[name]?.call(receiver as never, source, spans, 1, false), name).toThrow()
  expect(() => framer()['frame']?.call(engine as never, source, true)).toThrow()
  expect(() => new binding.Prepared()).toThrow()
})
