import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { packageRoot } from '../../native/root.ts'

const root = packageRoot()
const ledgerPath = join(root, 'docs', 'unsafe.md')

/** Where `unsafe` may stand. */
const crates: readonly string[] = ['native/crypto/src', 'native/node/src']

const preface = `# Unsafe code

Every place where the compiler takes our word, with the reason why it may. \`native/cesr\` and \`native/keri\` forbid
\`unsafe\` altogether. The list is made from the \`SAFETY\` comments; a test compares it with them, and after a change
\`KELPIPE_WRITE_UNSAFE=1 npx vitest run tests/boundary/unsafe.test.ts\` writes it anew.

What nobody can check at the boundary is promised by its callers: a source that crosses without a copy is left alone
(not written to, transferred or detached) until its batch is settled to its end. Our own sources keep that promise; a
caller who cannot passes \`copy: true\`. A settle refuses a source that was moved since it was prepared.
`

interface Place {
  readonly file: string
  readonly line: number
  /** The function or implementation that it is in. */
  readonly item: string
  readonly reason: string
}

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.rs'))
    .map((path) => join(folder, path))
    .toSorted()

const linesOf = (file: string): string[] => readFileSync(join(root, file), 'utf8').split('\n')

const isUnsafe = (line: string): boolean =>
  /\bunsafe\b/.test(line.replace(/\/\/.*$/, '').replaceAll(/"[^"]*"/g, ''))

/** The `SAFETY` comment above a line, which may be separated from it by the beginning of its statement. */
function reasonAbove(lines: readonly string[], at: number): string {
  const comment: string[] = []
  for (let line = at - 1; line >= 0 && line > at - 24; line -= 1) {
    const text = lines[line]?.trim() ?? ''
    if (text.startsWith('//')) comment.unshift(text.replace(/^\/\/+ ?/, ''))
    else if (comment.length > 0 || /^\}|^(pub )?fn /.test(text)) break
    if (text.startsWith('// SAFETY')) return comment.join(' ').replace(/^SAFETY:?\s*/, '')
  }
  return ''
}

/** An `unsafe fn` of ours says in its own documentation what its callers must see to. */
const reasonOf = (lines: readonly string[], at: number): string =>
  /unsafe fn/.test(lines[at] ?? '')
    ? 'called by Node-API bindings alone, as the trait demands'
    : reasonAbove(lines, at)

function itemAround(lines: readonly string[], at: number): string {
  for (let line = at; line >= 0; line -= 1) {
    const name = /\bfn (\w+)|^(?:unsafe )?(impl\b[^{]*\w)|macro_rules! (\w+)/.exec(lines[line]?.trim() ?? '')
    if (name) return name[1] ?? name[2] ?? name[3] ?? ''
  }
  return ''
}

const places: readonly Place[] = crates.flatMap(filesOf).flatMap((file) => {
  const lines = linesOf(file)
  return lines.flatMap((line, at) =>
    isUnsafe(line) ? [{ file, line: at + 1, item: itemAround(lines, at), reason: reasonOf(lines, at) }] : [],
  )
})

/** A list of reasons in one line. */
const sentence = (reason: string): string =>
  reason
    .replace(/^- /, '')
    .replaceAll(/[.;]? +- /g, '; ')
    .replaceAll(/ +/g, ' ')

function ledger(): string {
  const files = new Set(places.map(({ file }) => file))
  const text = [...files].map((file) => {
    const inFile = places.filter((place) => place.file === file)
    const entries = inFile.map(({ item, reason }) => `- \`${item}\`: ${sentence(reason)}\n`)
    return `\n## ${file}\n\n${entries.join('')}`
  })
  return preface + text.join('')
}

test('every unsafe block says why it is sound', () => {
  expect(places.filter(({ reason }) => reason === '')).toEqual([])
  expect(places.length).toBeGreaterThan(0)
})

test('docs/unsafe.md lists every unsafe block', () => {
  if (process.env['KELPIPE_WRITE_UNSAFE']) writeFileSync(ledgerPath, ledger())
  expect(readFileSync(ledgerPath, 'utf8')).toBe(ledger())
})

test('no other crate has any', () => {
  for (const crate of ['cesr', 'keri']) {
    expect(readFileSync(join(root, 'native', crate, 'src', 'lib.rs'), 'utf8')).toContain(
      '#![forbid(unsafe_code)]',
    )
    const found = filesOf(`native/${crate}/src`).filter((file) => linesOf(file).some(isUnsafe))
    expect(found).toEqual([])
  }
})
