import { stringify } from 'yaml'

import { schema, type Schema } from './schema.ts'
import { variableOf } from './settings.ts'

/** A configuration that holds every default, and says what each setting means. */
export function exampleConfig(): string {
  const head = [
    '# kelpipe run -c FILE. What is left out has the value that stands here; lines that begin with # are examples.',
    `# A setting is also an environment variable (kafka.clientId: ${variableOf('kafka.clientId')}) and a flag`,
    '# (--set kafka.clientId=NAME). The flag goes before the variable, and that before the file.',
  ]
  return [...head, ...linesOf(schema, 0)].join('\n') + '\n'
}

function linesOf({ properties = {} }: Schema, depth: number): string[] {
  return Object.entries(properties).flatMap(([name, below]) => {
    const comment = below.description === undefined ? [] : [`# ${below.description}`]
    return [...comment, ...settingLines(name, below, depth)].map((line) =>
      line.startsWith('  '.repeat(depth + 1)) ? line : `${'  '.repeat(depth)}${line}`,
    )
  })
}

function settingLines(name: string, schemaOf: Schema, depth: number): string[] {
  if (name === 'limits' || name === 'escrows')
    return schemaOf.type === 'object' ? [`${name}: {}`] : [value(name, schemaOf)]
  if (schemaOf.type !== 'object') return [value(name, schemaOf)]
  const below = linesOf(schemaOf, depth + 1)
  const optional = Object.values(schemaOf.properties ?? {}).every(
    ({ default: standard }) => standard === undefined,
  )
  return optional
    ? [
        `# ${name}:`,
        ...below.map((line) => `${'  '.repeat(depth)}# ${line.slice(2 * depth).replace(/^( *)# /, '$1')}`),
      ]
    : [`${name}:`, ...below]
}

function value(name: string, { default: standard, examples = [] }: Schema): string {
  const written = (of: unknown): string =>
    stringify({ [name]: of }, { flowCollectionPadding: false, collectionStyle: 'flow' })
  if (standard !== undefined) return inner(written(standard))
  return `# ${inner(written(examples[0] ?? null))}`
}

/** `{name: value}` without its braces. */
const inner = (text: string): string => text.trim().replace(/^\{/, '').replace(/\}$/, '').trim()
