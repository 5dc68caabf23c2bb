import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { chromium, type Browser } from 'playwright-core'

import { packageRoot } from '../../native/root.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome']

/** A browser of the machine's; nothing where there is none. */
export const browserPath: string | undefined = names.find(
  (name) => spawnSync(name, ['--version']).status === 0,
)

/** Where screenshots stay. */
export function screenshotFolder(): string {
  const folder = join(packageRoot(), 'test-output', 'ui')
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Starts the browser without a window. A container's root has no sandbox. */
export const startBrowser = async (path: string): Promise<Browser> =>
  chromium.launch({
    executablePath: spawnSync('which', [path], { encoding: 'utf8' }).stdout.trim(),
    args: ['--no-sandbox'],
  })
