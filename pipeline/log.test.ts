import { expect, test } from 'vitest'

import { limits } from './limits.ts'
import { Log, type LogLevel } from './log.ts'

/** A log and the lines that it wrote. */
function logOf(level: LogLevel): { log: Log; lines: string[]; pass: (ms: number) => void } {
  const lines: string[] = []
  let now = 0
  const log = new Log({
    level,
    limits,
    now: () => now,
    destination: { write: (line) => void lines.push(line) },
  })
  return { log, lines, pass: (ms) => (now += ms) }
}

const parsed = (lines: readonly string[]): Record<string, unknown>[] =>
  lines.map((line) => JSON.parse(line) as Record<string, unknown>)

test('a line says when, how grave, and what', () => {
  const { log, lines } = logOf('info')
  log.line('warn', 'fault', () => ({ code: 'cesr/truncated' }))
  log.line('debug', 'accepted')
  expect(parsed(lines)).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      event: 'fault',
      code: 'cesr/truncated',
    },
  ])
})

test('of each event only so many lines are told, and how many were held back', () => {
  const { log, lines, pass } = logOf('info')
  const most = limits.logLinesAtOnce
  for (let count = 0; count < most + 7; count += 1) log.line('info', 'rejected')
  log.line('info', 'escrowed')
  expect(parsed(lines).map(({ event }) => event)).toEqual([
    ...Array.from({ length: most }, () => 'rejected'),
    'escrowed',
  ])
  pass(1_000)
  log.line('info', 'rejected')
  expect(parsed(lines).at(-1)).toMatchObject({ event: 'rejected', suppressed: 7 })
  for (let count = 0; count < limits.logLinesPerSecond + 4; count += 1) log.line('info', 'rejected')
  log.close()
  expect(parsed(lines).at(-1)).toMatchObject({ event: 'suppressed', of: 'rejected', suppressed: 5 })
})

test('a held back line costs no more than a count', () => {
  const { log } = logOf('warn')
  const never = (): object => expect.unreachable('the fields are not asked for')
  log.line('info', 'escrowed', never)
  logOf('off').log.line('error', 'failed', never)
})

test('control characters are escaped, and secrets are left out', () => {
  const { log, lines } = logOf('info')
  log.line('info', 'note', () => ({
    text: 'a\n\u001B[31m\u007F\u0085\u202E\u2028b',
    token: 'secret',
    headers: { authorization: 'Bearer secret' },
  }))
  // oxlint-disable-next-line no-control-regex
  expect(lines[0]).not.toMatch(/[\u0000-\u0009\u000B-\u001f\u007f-\u009f\u2028\u202e]|secret/)
  expect(lines).toHaveLength(1)
  expect(parsed(lines)[0]).toMatchObject({ text: 'a\n\u001B[31m\u007F\u0085\u202E\u2028b', headers: {} })
})
