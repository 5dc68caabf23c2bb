import { labelInWords, primitiveOf, sortOf, type Sort } from './codes.ts'
import type { Line } from './stream.ts'

/** A stretch of a message with what it is. */
export interface Piece {
  readonly text: string
  readonly sort: Sort | 'plain'
  readonly code: string
  readonly name: string
  readonly offset: number
  readonly size: number
  readonly meaning: string
}

/** A text value or a label of a JSON body. */
const strings = /"(?:[^"\\]|\\.)*"/g

/**
 * A message cut into its primitives, groups and the rest: lines as they are, JSON bodies at the values that are
 * primitives.
 */
export function piecesOf(lines: readonly Line[], textOf: (line: Line) => string): Piece[] {
  return lines.flatMap((line) => {
    if (line.form === 'shown') return []
    const text = textOf(line)
    if (line.name === 'body' && line.code === 'JSON') return bodyPieces(line, text)
    const { code, name, offset, size, meaning } = line
    const readable = name === 'body' ? `${code} body` : meaning
    return [{ text, sort: sortOf(code, name), code, name, offset, size, meaning: readable }]
  })
}

function bodyPieces({ offset, code }: Line, text: string): Piece[] {
  const pieces: Piece[] = []
  const encoder = new TextEncoder()
  let [at, label, place] = [0, '', offset]
  const add = (piece: string, sort: Piece['sort'], primitive = { code, name: 'body' }): void => {
    if (piece === '') return
    const size = encoder.encode(piece).length
    const meaning =
      sort === 'plain' ? 'part of the event' : ['field', label, labelInWords(label)].join(' ').trim()
    pieces.push({ text: piece, sort, ...primitive, offset: place, size, meaning })
    place += size
  }
  for (const { 0: quoted, index } of text.matchAll(strings)) {
    if (text[index + quoted.length] === ':') {
      label = quoted.slice(1, -1)
      continue
    }
    const primitive = primitiveOf(quoted.slice(1, -1))
    if (!primitive) continue
    add(text.slice(at, index + 1), 'plain')
    add(quoted.slice(1, -1), sortOf(primitive.code, primitive.name), primitive)
    at = index + quoted.length - 1
  }
  add(text.slice(at), 'plain')
  return pieces
}
