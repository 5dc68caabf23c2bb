import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { packageRoot } from '../native/root.ts'

const namespaces = spawnSync('unshare', ['-rm', 'true']).status === 0

// Goal: a full disk stops with a clear error, loses nothing that was acknowledged, and the database goes on when there
// is room. Method: fill a database on a file system of 6 MB, in a mount namespace of its own.
test.skipIf(!namespaces)('a full disk is a clear error and costs nothing that was acknowledged', () => {
  const mount = mkdtempSync(join(tmpdir(), 'kelpipe-full-'))
  const script = join(packageRoot(), 'tests', 'support', 'fill.mjs')
  const shell = `mount -t tmpfs -o size=6m none "${mount}" && exec "${process.execPath}" "${script}" "${mount}/db"`
  const { stdout, status } = spawnSync('unshare', ['-rm', 'sh', '-c', shell], { encoding: 'utf8' })
  rmSync(mount, { recursive: true, force: true })
  expect(status).toBe(0)
  const { acknowledged, code, message, next, reopened } = JSON.parse(stdout) as Record<
    string,
    string | number
  >
  expect(code).toBe('store/full')
  expect(message).toContain(`the disk of the database ${mount}/db is full`)
  expect(next).toContain('make room')
  expect(acknowledged).toBeGreaterThan(0)
  expect(reopened).toBe(acknowledged)
})
