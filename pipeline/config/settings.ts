import { schema, type Schema } from './schema.ts'

/** All places of single values, with what they may be. */
export function* places(
  at: Schema = schema,
  path: readonly string[] = [],
): Iterable<readonly [string, Schema]> {
  if (at.type !== 'object') yield [path.join('.'), at]
  else for (const [name, below] of Object.entries(at.properties ?? {})) yield* places(below, [...path, name])
}

/** `kafka.clientId` as `KELPIPE_KAFKA_CLIENT_ID`. */
export const variableOf = (place: string): string =>
  `KELPIPE_${place
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[.-]/g, '_')
    .toUpperCase()}`

/** The variables of all settings. */
export const settingNames = (): string[] => [...places()].map(([place]) => variableOf(place))
