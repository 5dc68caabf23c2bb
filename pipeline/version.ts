import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { packageRoot } from '../native/root.ts'

/** The version of the package. */
export function version(): string {
  const { version: text } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string
  }
  return text
}
