import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { generate } from '../native/generator.ts'
import { limits } from '../pipeline/limits.ts'
import { kel, stream, variant } from './boundary/kel.ts'
import { browserPath, screenshotFolder, startBrowser } from './support/browser.ts'
import { examples, kelpipe, startKelpipe } from './support/cli.ts'
import { saidBy } from './support/metrics.ts'

const directory = mkdtempSync(join(tmpdir(), 'kelpipe-ui-'))
let child: ChildProcess
let base = ''
let input = 0
let browser: Browser

if (browserPath === undefined)
  console.log('skipped: tests of the page, since there is no chromium (apt install chromium)')

// Goal: what the page shows is true, and it can be used by mouse and by keyboard, in light and in dark. Method: a real
// browser clicks through a real server, which every test shares.
describe.skipIf(browserPath === undefined)('the page', () => {
  beforeAll(async () => {
    const store = join(directory, 'db')
    kelpipe(['ingest', examples, '--store', store, '--quiet'])
    child = startKelpipe(['serve', 'tcp://127.0.0.1:0', '--store', store, '--http', '127.0.0.1:0'])
    const [port, answering = ''] = await saidBy(child, /tcp:\S+:(\d+)[^]*answering on (http:\S+)/)
    input = Number(port)
    base = answering
    browser = await startBrowser(browserPath ?? '')
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    child.kill('SIGINT')
    if (child.exitCode === null) await once(child, 'exit')
    rmSync(directory, { recursive: true, force: true })
  })

  test('the live view shows rates, what waits and why, and duplicity, and follows what happens', async () => {
    const page = await opened('light')
    await page.getByRole('status').getByText('live').waitFor()
    await page.locator('[data-tile=waiting]', { hasText: '4' }).waitFor()
    await page.locator('[data-tile=contradictions]', { hasText: '1' }).waitFor()
    const { aid } = kel(70, 3)
    send(stream([...kel(70, 3).messages, variant(70, 1).message]))
    await page.locator('.feed li', { hasText: 'escrowed' }).getByText('likely-duplicitous').waitFor()
    await page.locator('[data-tile=messages]', { hasText: '4 in all' }).waitFor()
    await page.locator('.evidence', { hasText: aid.slice(0, 8) }).waitFor()
    await page.getByRole('img', { name: /Messages a second, by verdict: accepted \d/ }).waitFor()
    const entry = page.locator('.entry', { hasText: 'partial-witness' })
    await entry.click()
    await page.getByText('1 of 2 witness receipts, 2 needed').waitFor()
    expect(await entry.getAttribute('aria-expanded')).toBe('true')
    await page.getByLabel('Kind of escrow').selectOption('out-of-order')
    await page.locator('.entry', { hasText: 'partial-witness' }).waitFor({ state: 'detached' })
    expect(await page.locator('.entry').allTextContents()).toEqual([
      expect.stringContaining('the event before it'),
    ])
    await page.getByLabel('Kind of escrow').selectOption('')
    await entry.waitFor()
    await shot(page, 'live-light')
    await page.close()
  })

  test('the inspector takes a stream apart: verdicts with reasons, primitives with codes, fields', async () => {
    const page = await opened('dark', '#inspector')
    await shot(page, 'inspector-empty-dark')
    await page.getByLabel('A file with a stream').setInputFiles(join(examples, 'refused.cesr'))
    const rejected = page.locator('.filter', { hasText: 'rejected' })
    await rejected.click()
    expect(await page.locator('.row').allTextContents()).toEqual(
      expect.arrayContaining([expect.stringContaining('rejected')]),
    )
    await page.locator('.row').first().click()
    const reason = kelpipe(['verify', join(examples, 'refused.cesr'), '--verdicts', '-'])
    const [, code = ''] = /"verdict":"rejected","code":"([^"]+)"/.exec(reason.stdout) ?? []
    await page.locator('.reason-line', { hasText: `Refused: ${code}` }).waitFor()
    await page.getByLabel('A sample').selectOption('witnessed.cesr')
    await page.locator('.message h2', { hasText: 'inception' }).waitFor()
    await page.locator('.piece', { hasText: /^D[A-Za-z0-9_-]{43}$/ }).hover()
    const told = await page.locator('.readout').textContent()
    expect(told).toContain('Ed25519')
    expect(told).toMatch(/byte \d+, 44 bytes/)
    expect(told).toContain('signing keys')
    await page.locator('.piece[data-sort=counter]', { hasText: '-A' }).first().hover()
    await page.locator('.readout', { hasText: 'ControllerIdxSigs' }).waitFor()
    expect(await page.locator('.fields').first().textContent()).toContain('signing threshold')
    expect(await page.locator('.primitives tbody tr').count()).toBeGreaterThan(3)
    await shot(page, 'inspector-dark')
    await page.close()
  })

  test('the inspector is used with the keyboard alone', async () => {
    const page = await opened('light', '#inspector')
    await page.getByLabel('A stream as text').focus()
    const text = readFileSync(join(examples, 'garbage.cesr'), 'utf8')
    await page.evaluate(`{
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', ${JSON.stringify(text)})
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, cancelable: true }))
    }`)
    await page.locator('.message').waitFor()
    await page.getByRole('listbox', { name: 'Messages' }).focus()
    await page.keyboard.press('ArrowDown')
    await page.locator('.reason-line', { hasText: 'These bytes are no message: cesr/cold-start' }).waitFor()
    await shot(page, 'inspector-light')
    await page.keyboard.press('End')
    await page.locator('.message h2', { hasText: 'interaction 3' }).waitFor()
    const focused = async (): Promise<unknown> => page.evaluate('document.activeElement.dataset.piece')
    for (let tabs = 0; tabs < 5 && (await focused()) === undefined; tabs += 1)
      await page.keyboard.press('Tab')
    for (let moves = 0; moves < 3; moves += 1) await page.keyboard.press('ArrowRight')
    expect(await focused()).toBe('3')
    await page.locator('.readout b').waitFor()
    await page.close()
  })

  test('streams of all kinds, text and binary, have the same fields', async () => {
    const page = await opened('light', '#inspector')
    for (const wire of ['v1-cbor', 'v1-mgpk-binary', 'v2-json-binary', 'v2-native', 'v2-native-binary']) {
      await inspect(page, wire, await generated(wire, 1))
      await page.locator('.summary', { hasText: wire }).getByText('3 messages').waitFor()
      await page.locator('.message h2', { hasText: 'inception 0' }).waitFor()
      expect(await page.locator('.summary .filter').allTextContents(), wire).toEqual(['accepted 3'])
      const fields = await page.locator('.fields').first().textContent()
      expect(fields, wire).toContain('signing threshold')
      expect(await page.locator('.piece').count(), wire).toBeGreaterThan(2)
    }
    await page.close()
  })

  test('of 10 MB only the rows that are seen are drawn', async () => {
    const page = await opened('light', '#inspector')
    const large = await generated('v1-json', 10_000)
    expect(large.length).toBeGreaterThan(10e6)
    await page.evaluate(`{
      globalThis.held = []
      const note = (list) => held.push(...list.getEntries().map(({ duration }) => duration))
      new PerformanceObserver(note).observe({ type: 'longtask' })
    }`)
    await inspect(page, 'large', large)
    await page.locator('.summary', { hasText: '30,000 messages' }).waitFor()
    await page.getByRole('listbox').focus()
    for (const key of ['PageDown', 'PageDown', 'End', 'PageUp']) await page.keyboard.press(key)
    await page.locator('.row[aria-selected=true]').waitFor()
    expect(await page.locator('.row').count()).toBeLessThan(100)
    const held = await page.evaluate<number[]>('held')
    console.log(
      `10 MB in the inspector: ${held.length} tasks above 50 ms, the longest ${Math.max(0, ...held)} ms`,
    )
    await page.close()
  })

  test('nothing is asked of others, and code from elsewhere does not run', async () => {
    const page = await browser.newPage()
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).origin))
    const answer = await page.goto(`${base}/ui`)
    expect(answer?.headers()['content-security-policy']).toContain("default-src 'none'")
    await page.getByRole('status').getByText('live').waitFor()
    const stopped = await page.evaluate(`new Promise((resolve) => {
      addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective))
      document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = ""' }))
    })`)
    expect(stopped).toBe('script-src-elem')
    expect(new Set(asked)).toEqual(new Set([base]))
    await page.close()
  })

  test('a stream that is dropped anywhere is inspected, and cannot bring markup into the page', async () => {
    const page = await opened('dark')
    await page.getByRole('status').getByText('live').waitFor()
    await page.evaluate(`{
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File(['<img src=x onerror="alert(1)">'], '<img src=x onerror=alert(1)>.cesr'))
      dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }))
    }`)
    await page.locator('.summary strong', { hasText: '<img src=x' }).waitFor()
    expect(await page.locator('#inspector img').count()).toBe(0)
    await page.close()
  })
})

/** A page in light or dark, on which no error may occur. */
async function opened(colorScheme: 'light' | 'dark', view = ''): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 960 }, colorScheme })
  page.on('pageerror', (error) => expect.unreachable(error.message))
  await page.goto(`${base}/ui${view}`)
  return page
}

const shot = async (page: Page, name: string): Promise<unknown> =>
  page.screenshot({ path: join(screenshotFolder(), `${name}.png`) })

async function inspect(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const file = join(directory, 'stream.cesr')
  writeFileSync(file, bytes)
  await page
    .getByLabel('A file with a stream')
    .setInputFiles(
      bytes.length > 1e6 ? file : { name, mimeType: 'application/cesr', buffer: Buffer.from(bytes) },
    )
}

function send(bytes: Uint8Array): void {
  const socket = connect(input, '127.0.0.1', () => socket.end(bytes))
  socket.resume()
}

/** Logs of three events, written in one way. */
async function generated(wire: string, aids: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of generate(
    { seed: 7, aids, events: 3, wires: [wire], shapes: ['single'] },
    limits.generatedPieceBytes,
  ))
    pieces.push(piece.stream)
  return stream(pieces)
}
