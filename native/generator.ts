import { createRequire } from 'node:module'

import { addonPath } from './addon.ts'

/** What is to be made. What is left out has its default; rates are in millionths of the messages. */
export interface GeneratorPlan {
  /** Everything follows from it, to the byte. */
  readonly seed?: number
  readonly aids?: number
  /** Events of each AID. */
  readonly events?: number
  /** What the AIDs do, drawn with equal chances (docs/gen.md). */
  readonly shapes?: readonly string[]
  /** How messages are written (`v1-json`, `v2-native-binary`), drawn with equal chances. */
  readonly wires?: readonly string[]
  /** Whether attachments stand in one group around them all; left out, those of every other AID do. */
  readonly grouped?: boolean
  /** Keys of a multisig AID, and how many of them are enough. */
  readonly keys?: number
  readonly enough?: number
  /** Witnesses of a witnessed AID, and how many of them must sign. */
  readonly witnesses?: number
  readonly toad?: number
  /** Delegates in a tree, under one root. */
  readonly delegates?: number
  /** Stories under way at a time. */
  readonly interleave?: number
  /** Messages among which the next one is drawn. */
  readonly shuffle?: number
  readonly drop?: number
  readonly duplicate?: number
  readonly corrupt?: number
}

/** The next part of a run. */
export interface Piece {
  /** Messages, and garbage between them. */
  readonly stream: Uint8Array
  /** Where each message of `stream` ends. */
  readonly ends: Uint32Array
  /** Lines of the truth, NDJSON (docs/gen.md). */
  readonly truth: string
  readonly more: boolean
}

interface BoundPiece {
  readonly stream: ArrayBuffer
  readonly ends: ArrayBuffer
  readonly truth: string
  readonly more: boolean
}

interface BoundGenerator {
  next(bytes: number): Promise<BoundPiece>
}

interface Binding {
  Generator: new (plan: GeneratorPlan) => BoundGenerator
}

/** What the shapes of a plan can be. */
export const shapeNames = [
  'single',
  'basic',
  'multisig',
  'weighted',
  'nested',
  'reserve',
  'witnessed',
  'delegated',
  'recovered',
  'duplicitous',
  'receipted',
  'refused',
  'waiting',
] as const

/** What the wires of a plan can be. */
export const wireNames: readonly string[] = [
  'v1-json',
  'v1-cbor',
  'v1-mgpk',
  'v2-json',
  'v2-cbor',
  'v2-mgpk',
  'v2-native',
].flatMap((name) => [name, `${name}-binary`])

/**
 * Makes a plan's stream off the event loop, at least so many bytes at a time. While one piece is used the next one is
 * made; no more than these two exist. Throws at once, with `native/argument`, if the plan cannot be carried out.
 */
export function generate(plan: GeneratorPlan, pieceBytes: number): AsyncGenerator<Piece, void, void> {
  const { Generator } = createRequire(import.meta.url)(addonPath()) as Binding
  return pieces(new Generator(plan), pieceBytes)
}

async function* pieces(generator: BoundGenerator, pieceBytes: number): AsyncGenerator<Piece, void, void> {
  let next: Promise<BoundPiece> | undefined = generator.next(pieceBytes)
  while (next) {
    const { stream, ends, truth, more }: BoundPiece = await next
    next = more ? generator.next(pieceBytes) : undefined
    // Nobody may be there any more to take what it comes to.
    next?.catch(() => undefined)
    yield { stream: new Uint8Array(stream), ends: new Uint32Array(ends), truth, more }
  }
}
