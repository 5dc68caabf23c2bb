import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'

import { digest, primitive, saidified } from '../boundary/kel.ts'

/** An event with what can be attached to it. */
export interface Event {
  readonly body: string
  readonly said: string
  readonly aid: string
  readonly sn: number
  /** Groups of signatures by the controller's keys, and by witnesses, with these indices. */
  readonly sigs: (...indices: number[]) => string
  readonly wigs: (...indices: number[]) => string
}

/** The message of an event with groups attached. */
export const attached = ({ body }: Event, ...groups: string[]): Uint8Array =>
  Buffer.from(body + groups.join(''))

/** The group that names the sealing event of a delegator. */
export const couple = ({ sn, said }: Event): string =>
  `-GAB${primitive('0A', Buffer.from(sn.toString(16).padStart(32, '0'), 'hex'))}${said}`

interface Key {
  readonly secret: KeyObject
  readonly raw: Uint8Array
}

function keyOf(name: string): Key {
  const raw = createHash('sha256').update(name).digest()
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), raw])
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  return { secret, raw: spki.subarray(-32) }
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** A group of indexed signatures: `A` by controllers, `B` by witnesses. */
function group(letter: 'A' | 'B', keys: readonly Key[], body: string, indices: readonly number[]): string {
  const each = indices.map((index) => {
    const signature = primitive('AA', sign(null, Buffer.from(body), keys[index]?.secret ?? ''))
    return `A${letters[index]}${signature.slice(2)}`
  })
  return `-${letter}A${letters[each.length]}${each.join('')}`
}

export interface Plan {
  readonly keys?: number
  readonly witnesses?: number
  readonly toad?: number
  readonly delegator?: string
}

const dummy = '#'.repeat(44)

/** A controller of several keys, with witnesses, under a delegator. Copies go on differently: a fork. */
export class Controller {
  readonly #keys: readonly Key[]
  readonly #witnesses: readonly Key[]
  readonly inception: Event
  #last: Event

  constructor(name: string, { keys = 1, witnesses = 0, toad = witnesses, delegator }: Plan = {}) {
    this.#keys = Array.from({ length: keys }, (_, index) => keyOf(`${name} ${index}`))
    this.#witnesses = Array.from({ length: witnesses }, (_, index) => keyOf(`${name} witness ${index}`))
    this.inception = this.#event({
      t: delegator === undefined ? 'icp' : 'dip',
      d: dummy,
      i: dummy,
      s: '0',
      kt: `${keys}`,
      k: this.#keys.map(({ raw }) => primitive('D', raw)),
      nt: `${keys}`,
      n: this.#keys.map((_, index) => digest(`${name} next ${index}`)),
      bt: `${toad}`,
      b: this.#witnesses.map(({ raw }) => primitive('B', raw)),
      c: [],
      a: [],
      ...(delegator !== undefined && { di: delegator }),
    })
    this.#last = this.inception
  }

  /** The next interaction, which seals these events. */
  interact(...seals: readonly Event[]): Event {
    const { aid, sn, said } = this.#last
    const a = seals.map((event) => ({ i: event.aid, s: event.sn.toString(16), d: event.said }))
    this.#last = this.#event({ t: 'ixn', d: dummy, i: aid, s: (sn + 1).toString(16), p: said, a })
    return this.#last
  }

  /** The last event again, with something else in it. */
  otherwise(before: Event, ...seals: readonly Event[]): Event {
    this.#last = before
    return this.interact(...seals)
  }

  #event(fields: { readonly i: string; readonly s: string } & Record<string, unknown>): Event {
    const { body, said } = saidified(fields)
    return {
      body,
      said,
      aid: fields.i === dummy ? said : fields.i,
      sn: Number.parseInt(fields.s, 16),
      sigs: (...indices) => group('A', this.#keys, body, indices),
      wigs: (...indices) => group('B', this.#witnesses, body, indices),
    }
  }
}
