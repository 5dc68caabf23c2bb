// What the benches of escrows share: signed logs whose messages can come in any order, events that nobody can verify,
// and a database in process that takes them in.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { Readable } from 'node:stream'

import { loadAddon } from '../dist/native/addon.js'
import { Tally } from '../dist/operators/meter.js'
import { engineFor } from '../dist/pipeline/engine.js'
import { limits } from '../dist/pipeline/limits.js'
import { Pace } from '../dist/pipeline/pace.js'
import { run } from '../dist/pipeline/run.js'
import { streamSource } from '../dist/pipeline/sources/stream.js'

export const addon = loadAddon()

const dummy = '#'.repeat(44)
const digestOf = (text) => primitive('H', createHash('sha3-256').update(text).digest())

/** A primitive of the text domain; the code takes the place of the padding in front. */
function primitive(code, raw) {
  const padded = Buffer.concat([Buffer.alloc((3 - (raw.length % 3)) % 3), raw])
  return code + padded.toString('base64url').slice(code.length)
}

/** A body with its size and its SAID, which is also `i` of an inception. */
function body(fields) {
  const empty = JSON.stringify(fields)
  const sized = empty.replace('000000_', `${empty.length.toString(16).padStart(6, '0')}_`)
  const said = digestOf(sized)
  return { said, text: sized.replaceAll(dummy, said) }
}

const strange = primitive('AA', randomBytes(64))

/** An event out of order of an AID of its own; its SAID is right, which is all that can be checked. */
export function stray() {
  const [aid, prior] = [primitive('E', randomBytes(32)), primitive('E', randomBytes(32))]
  const { text } = body({ v: 'KERI10JSON000000_', t: 'ixn', d: dummy, i: aid, s: '1', p: prior, a: [] })
  return Buffer.from(`${text}-AAB${strange}`)
}

/** So many of them, a thousand a piece. */
export function* strays(count) {
  for (let left = count; left > 0; left -= 1000)
    yield Buffer.concat(Array.from({ length: Math.min(left, 1000) }, stray))
}

function signer(code) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = primitive(code, publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  return { key, sign: (text) => primitive('AA', sign(null, Buffer.from(text), privateKey)) }
}

/** A log of so many events, an inception and interactions; with a witness, its receipts are messages of their own. */
export function log(events, { witnessed = false } = {}) {
  const controller = signer('D')
  const witness = witnessed ? signer('B') : undefined
  const messages = []
  const receipts = []
  let [aid, prior] = [dummy, '']
  for (let sn = 0; sn < events; sn += 1) {
    const head = {
      v: 'KERI10JSON000000_',
      t: sn === 0 ? 'icp' : 'ixn',
      d: dummy,
      i: aid,
      s: sn.toString(16),
    }
    const established = {
      kt: '1',
      k: [controller.key],
      nt: '1',
      n: [digestOf(`${controller.key}next`)],
      bt: witness ? '1' : '0',
      b: witness ? [witness.key] : [],
      c: [],
      a: [],
    }
    const { said, text } = body({ ...head, ...(sn === 0 ? established : { p: prior, a: [] }) })
    prior = said
    if (sn === 0) aid = said
    messages.push(Buffer.from(`${text}-AAB${controller.sign(text)}`))
    if (!witness) continue
    const receipt = `{"v":"KERI10JSON000000_","t":"rct","d":"${said}","i":"${aid}","s":"${sn.toString(16)}"}`
    const sized = receipt.replace('000000_', `${receipt.length.toString(16).padStart(6, '0')}_`)
    receipts.push(Buffer.from(`${sized}-BAB${witness.sign(text)}`))
  }
  return { messages, receipts }
}

/** Takes streams in, one after another, each [name, pieces]; the seconds do not count the start. */
export async function take(store, options, sent) {
  const tally = new Tally()
  const engine = await engineFor(addon, options, store)
  const start = performance.now()
  await run({
    sources: sent.map(([name, pieces]) => streamSource(name, () => Readable.from(pieces))),
    store,
    engine,
    record: (table, key, value) => addon.record(table, key, value),
    framer: () => addon.framer(options),
    sinks: [],
    tally,
    commit: 'group',
    limits,
    pace: new Pace(limits),
    signal: new AbortController().signal,
    note: () => undefined,
  })
  engine.close()
  return { tally, seconds: (performance.now() - start) / 1000 }
}
