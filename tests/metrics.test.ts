import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { definitions } from '../pipeline/metrics.ts'
import { kel, stream, variant } from './boundary/kel.ts'
import { kelpipe, startKelpipe } from './support/cli.ts'
import { numberOf, saidBy, samplesOf } from './support/metrics.ts'

const directory = mkdtempSync(join(tmpdir(), 'kelpipe-metrics-'))
let child: ChildProcess
let page = ''
let ports: readonly string[] = []

const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${ports[0]}/metrics`)).text()

// Everything below is about one run: it took in a log, what contradicts it, an event that comes too early, one whose
// signature is another's, and bytes that are no message.
beforeAll(async () => {
  const args = ['--store', join(directory, 'db'), '--metrics', '0', '--verdicts', join(directory, 'verdicts')]
  child = startKelpipe(['ingest', 'tcp://127.0.0.1:0', ...args])
  ports = await saidBy(child, /metrics on http:\S+:(\d+)[^]*listening on tcp:\S+:(\d+)/)
  const own = kel(0, 4).messages
  const [body = '', signature = ''] = [own[3], own[2]].map((bytes) => Buffer.from(bytes ?? []).toString())
  const forged = Buffer.from(body.split('-AAB')[0] + '-AAB' + signature.split('-AAB')[1])
  const early = kel(1, 4).messages[3] ?? new Uint8Array(0)
  const socket = connect(Number(ports[1]), '127.0.0.1')
  socket.end(stream([...own.slice(0, 3), forged, variant(0, 1).message, early, Buffer.from('no message')]))
  socket.resume()
  await once(socket, 'close')
  for (let tries = 0; tries < 800; tries += 1) {
    page = await scrape()
    if (numberOf(page, 'kelpipe_faults_total') > 0 && numberOf(page, 'kelpipe_escrow_entries') > 1) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})
afterAll(async () => {
  child.kill('SIGINT')
  if (child.exitCode === null) await once(child, 'exit')
  rmSync(directory, { recursive: true, force: true })
})

test('every documented metric is served by a run', () => {
  const served = new Set(samplesOf(page).map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))
  expect(Object.keys(definitions).filter((name) => !served.has(name))).toEqual([])
})

test('verdicts, reasons and faults are counted', () => {
  expect(numberOf(page, 'kelpipe_messages_total', { ilk: 'icp', verdict: 'accepted' })).toBe(1)
  expect(numberOf(page, 'kelpipe_messages_total', { verdict: 'accepted' })).toBe(3)
  expect(numberOf(page, 'kelpipe_messages_total', { ilk: 'ixn', verdict: 'rejected' })).toBe(1)
  expect(numberOf(page, 'kelpipe_rejected_total', { code: 'keri/no-valid-signature' })).toBe(1)
  expect(numberOf(page, 'kelpipe_escrowed_total', { kind: 'out-of-order' })).toBe(1)
  expect(numberOf(page, 'kelpipe_duplicity_total')).toBe(1)
  expect(numberOf(page, 'kelpipe_faults_total')).toBe(1)
})

test('what waits is counted by kind, with its age', () => {
  expect(numberOf(page, 'kelpipe_escrow_entries', { kind: 'out-of-order' })).toBe(1)
  expect(numberOf(page, 'kelpipe_escrow_entries', { kind: 'likely-duplicitous' })).toBe(1)
  expect(numberOf(page, 'kelpipe_escrow_oldest_age_seconds', { kind: 'out-of-order' })).toBeGreaterThan(0)
  expect(numberOf(page, 'kelpipe_escrow_oldest_age_seconds', { kind: 'misfit' })).toBe(0)
})

test('signatures and calls of the engine are those that the engine counts', () => {
  expect(numberOf(page, 'kelpipe_signatures_checked_total')).toBeGreaterThanOrEqual(5)
  expect(numberOf(page, 'kelpipe_signatures_failed_total')).toBe(1)
  expect(numberOf(page, 'kelpipe_native_calls_total', { operation: 'frame' })).toBeGreaterThan(0)
  expect(numberOf(page, 'kelpipe_native_rows_total', { operation: 'prepare' })).toBe(6)
  expect(numberOf(page, 'kelpipe_native_errors_total')).toBe(0)
})

test('nothing is left under way, and all that was read is acknowledged', () => {
  const read = numberOf(page, 'kelpipe_source_read_bytes_total', { source: 'tcp' })
  expect(read).toBeGreaterThan(0)
  expect(numberOf(page, 'kelpipe_source_acknowledged_bytes_total', { source: 'tcp' })).toBe(read)
  expect(numberOf(page, 'kelpipe_source_chunks_in_flight')).toBe(0)
  expect(numberOf(page, 'kelpipe_source_lag_seconds')).toBe(0)
  expect(numberOf(page, 'kelpipe_store_commits_in_flight')).toBe(0)
})

test('no label holds an AID, a SAID or an offset', () => {
  const labels = samplesOf(page)
    .filter(({ name }) => name.startsWith('kelpipe_') && name !== 'kelpipe_build_info')
    .flatMap(({ labels: all }) => Object.entries(all))
    .filter(([name]) => name !== 'le')
  expect(labels.length).toBeGreaterThan(50)
  expect(labels.filter(([, value]) => /\d{3}/.test(value) || value.length > 40)).toEqual([])
})

test('an address that is taken is a clear error', () => {
  const args = ['ingest', '-', '--store', join(directory, 'other'), '--metrics', String(ports[0])]
  const { status, stderr } = kelpipe(args, '')
  expect(status).toBe(6)
  expect(stderr).toContain(`cannot listen on 127.0.0.1:${ports[0]}`)
  expect(stderr).toContain('--metrics HOST:PORT')
  expect(kelpipe(['ingest', '-', '--metrics', 'nonsense'], '').stderr).toContain('write PORT or HOST:PORT')
})
