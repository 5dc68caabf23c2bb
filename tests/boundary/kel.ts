import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'

/** A key event log of one key, made here: an inception and interactions, each signed. */
export interface Kel {
  readonly aid: string
  /** Message by message: body and attachments. */
  readonly messages: readonly Uint8Array[]
  readonly saids: readonly string[]
}

/** Base64 URL-safe of some raw bytes behind a code, as CESR aligns it. */
export function primitive(code: string, raw: Uint8Array): string {
  const lead = (3 - (raw.length % 3)) % 3
  const text = Buffer.concat([Buffer.alloc(lead), raw]).toString('base64url')
  return code + text.slice(code.length)
}

/** The digest of a text, as SAIDs here are made. */
export const digest = (bytes: string): string => primitive('H', createHash('sha3-256').update(bytes).digest())

function keyOf(seed: number): { key: KeyObject; verfer: string } {
  const raw = createHash('sha256').update(`seed ${seed}`).digest()
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), raw])
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return { key, verfer: primitive('D', spki.subarray(-32)) }
}

const dummy = '#'.repeat(44)

/** The text of an event with its size and its SAID in their places; `i` of an inception is the SAID, too. */
export function saidified(fields: Readonly<Record<string, unknown>>): { body: string; said: string } {
  const empty = JSON.stringify({ v: 'KERI10JSON000000_', ...fields })
  const sized = empty.replace('000000_', `${empty.length.toString(16).padStart(6, '0')}_`)
  const said = digest(sized)
  return { body: sized.replaceAll(dummy, said), said }
}

function signed(body: string, key: KeyObject): Uint8Array {
  return Buffer.from(`${body}-AAB${primitive('AA', sign(null, Buffer.from(body), key))}`)
}

/** A log of `length` events; another seed gives another AID. */
export function kel(seed: number, length: number): Kel {
  const { key, verfer } = keyOf(seed)
  const next = digest(keyOf(seed + 1_000_000).verfer)
  const messages: Uint8Array[] = []
  const saids: string[] = []
  let aid = dummy
  for (let sn = 0; sn < length; sn += 1) {
    const head = { t: sn === 0 ? 'icp' : 'ixn', d: dummy, i: aid, s: sn.toString(16) }
    const establishing = { kt: '1', k: [verfer], nt: '1', n: [next], bt: '0', b: [], c: [], a: [] }
    const { body, said } = saidified({ ...head, ...(sn === 0 ? establishing : { p: saids[sn - 1], a: [] }) })
    if (sn === 0) aid = said
    saids.push(said)
    messages.push(signed(body, key))
  }
  return { aid, messages, saids }
}

/** Another event for the place `sn` of the log: it anchors something, and is signed by the same key. */
export function variant(seed: number, sn: number): { said: string; message: Uint8Array } {
  const { key } = keyOf(seed)
  const { aid, saids } = kel(seed, sn)
  const a = [{ d: digest('something else') }]
  const { body, said } = saidified({ t: 'ixn', d: dummy, i: aid, s: sn.toString(16), p: saids[sn - 1], a })
  return { said, message: signed(body, key) }
}

export const stream = (messages: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(messages))
