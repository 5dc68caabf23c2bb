import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { packageRoot } from '../native/root.ts'
import { kelpipe, main } from './support/cli.ts'
import { plainStream } from './support/streams.ts'

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

// Goal: intake on a full disk stops, and the same command goes on when there is room. Method: the program itself on such
// a file system, which is then made larger; the database is that of a run that always had room.
test.skipIf(!namespaces)(
  'intake stops when the disk is full, and goes on where it was when there is room',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'kelpipe-full-'))
    const stream = join(directory, 'all.cesr')
    writeFileSync(stream, plainStream(100, 40))
    const mount = join(directory, 'disk')
    const shell = [
      'mkdir "$disk" && mount -t tmpfs -o size=3m none "$disk"',
      'run() { "$node" "$main" "$@" --store "$disk/db"; }',
      'run ingest "$stream" --json --quiet; echo "status $?"',
      'run state > /dev/null; echo "status $?"',
      'run db check; echo "status $?"',
      '"$node" "$main" ingest "$stream" --quiet --store "$disk/other"; echo "status $?"',
      'mount -o remount,size=64m "$disk"',
      'run ingest "$stream" --json --quiet; echo "status $?"',
      'run state --digest',
    ].join('\n')
    const { stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', shell], {
      encoding: 'utf8',
      env: { ...process.env, disk: mount, node: process.execPath, main, stream },
    })
    kelpipe(['ingest', stream, '--store', join(directory, 'roomy')])
    const roomy = kelpipe(['state', '--digest', '--store', join(directory, 'roomy')]).stdout
    rmSync(directory, { recursive: true, force: true })
    expect(stderr).toMatch(/error store\/full: the disk of the database \S+ is full.*\n {2}next: make room/)
    expect(stderr).not.toContain('    at ')
    expect(stderr).toMatch(/error store\/full: a second database beside this one needs \d+ bytes/)
    expect(stderr).toMatch(/error store\/full: opening the database for the first time needs \d+ bytes/)
    expect(stdout.match(/status \d+/g)).toEqual(['status 1', 'status 0', 'status 1', 'status 1', 'status 0'])
    expect(stdout.endsWith(roomy)).toBe(true)
  },
)
