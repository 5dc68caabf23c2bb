/** What sort of thing a code stands for, which decides its colour. */
export type Sort = 'body' | 'counter' | 'date' | 'digest' | 'key' | 'lost' | 'number' | 'signature' | 'text'

/** What the colours are of, in words. */
export const sorts: readonly (readonly [sort: Sort, text: string])[] = [
  ['key', 'key'],
  ['digest', 'digest'],
  ['signature', 'signature'],
  ['counter', 'group'],
  ['number', 'number'],
  ['date', 'date'],
  ['text', 'text'],
  ['body', 'event'],
  ['lost', 'no message'],
]

/** The sort of a line of an annotation, by its name. */
export function sortOf(code: string, name: string): Sort {
  if (name === 'body' || name === 'wrapped body' || name === 'message') return 'body'
  if (name === 'given up' || name === 'opaque' || name === 'unread') return 'lost'
  if (code.startsWith('-')) return 'counter'
  if (/sig/i.test(name)) return 'signature'
  if (/blake|sha|digest|diger/i.test(name)) return 'digest'
  if (/ed25519|ecdsa|x25519|ed448|seed|cipher|key/i.test(name)) return 'key'
  if (/date/i.test(name)) return 'date'
  if (/short|long|number|huge|big|tall|large|great|vast|decimal|bool|yes|no|null/i.test(name)) return 'number'
  return 'text'
}

/** Codes of primitives that stand in the fields of JSON bodies, with their sizes in text. Source: CESR master code table. */
const known: readonly (readonly [code: string, name: string, size: number])[] = [
  ['1AAG', 'DateTime', 36],
  ['1AAA', 'ECDSA_256k1N', 48],
  ['1AAB', 'ECDSA_256k1', 48],
  ['1AAI', 'ECDSA_256r1N', 48],
  ['1AAJ', 'ECDSA_256r1', 48],
  ['0A', 'Salt_128', 24],
  ['0D', 'Blake3_512', 88],
  ['0E', 'Blake2b_512', 88],
  ['0F', 'SHA3_512', 88],
  ['0G', 'SHA2_512', 88],
  ['A', 'Ed25519_Seed', 44],
  ['B', 'Ed25519N', 44],
  ['C', 'X25519', 44],
  ['D', 'Ed25519', 44],
  ['E', 'Blake3_256', 44],
  ['F', 'Blake2b_256', 44],
  ['G', 'Blake2s_256', 44],
  ['H', 'SHA3_256', 44],
  ['I', 'SHA2_256', 44],
]

/** What primitive a text value of a body looks like. */
export function primitiveOf(text: string): { code: string; name: string } | undefined {
  const found = known.find(([code, , size]) => text.length === size && text.startsWith(code))
  return found && /^[A-Za-z0-9_-]+$/.test(text) ? { code: found[0], name: found[1] } : undefined
}

const labels: Readonly<Record<string, string>> = {
  v: 'version string: protocol, kind and size',
  t: 'type of the message',
  d: 'SAID: the digest of this event',
  i: 'AID that the event is of',
  s: 'sequence number, hexadecimal',
  p: 'SAID of the event before',
  kt: 'signing threshold',
  k: 'signing keys',
  nt: 'threshold of the next keys',
  n: 'digests of the next keys',
  bt: 'threshold of witness receipts',
  b: 'witnesses',
  br: 'witnesses removed',
  ba: 'witnesses added',
  c: 'configuration traits',
  a: 'seals: what the event anchors',
  di: 'AID of the delegator',
  dt: 'date and time',
  r: 'route',
  q: 'query',
  ri: 'registry',
  rp: 'recipient',
  x: 'exchange that it belongs to',
  e: 'embedded',
}

/** What the field of an event holds. */
export const labelInWords = (label: string): string => labels[label] ?? ''
