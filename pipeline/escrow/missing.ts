/** What an entry lacks, by what it awaits, as the addon says it. */
export interface Missing {
  readonly kind: string
  readonly awaits: string
  /** Of events that come before: the first one missing, the entry's own number, and the last that was accepted. */
  readonly from?: string
  readonly before?: string
  readonly last?: Place
  /** Of signatures and receipts: the threshold, and what of the list is there and what is not. */
  readonly of?: 'keys' | 'digests' | 'witnesses'
  readonly threshold?: unknown
  readonly have?: readonly string[]
  readonly missing?: readonly string[]
  /** Of an anchor: the delegator, and the event that was named as anchoring. */
  readonly delegator?: string
  readonly named?: Place
  /** Of a receipt: the event that it is for, or the one of its signer. Of a query: the place that it asks for. */
  readonly event?: { readonly aid: string; readonly sn: string; readonly said?: string }
  /** Of a query: who asks, about whom, and the seal that it asks for. */
  readonly asker?: string
  readonly asked?: string
  readonly seal?: Place & { readonly aid: string }
}

interface Place {
  readonly sn: string
  readonly said: string
}

/** Somebody who could supply what is missing. */
export interface Supplier {
  readonly role: 'controller' | 'witness' | 'delegator' | 'signer' | 'key holder'
  readonly id: string
}

/** What the words are about. */
export interface Subject {
  readonly aid: string
  /** Hexadecimal. */
  readonly sn: string
  /** Witnesses in force, where the AID is known. */
  readonly witnesses: readonly string[]
  /** The accepted event at the same place, if there is one. */
  readonly accepted: string | undefined
}

/** What is missing, in plain words. */
export function missingText(missing: Missing, subject: Subject): string {
  if (missing.kind === 'query-not-found') return answerText(missing)
  switch (missing.awaits) {
    case 'inception':
    case 'prior-event':
      return eventsText(missing, subject)
    case 'signatures':
      return shareText(missing, 'signatures by the current keys')
    case 'next-key-signatures':
      return shareText(missing, 'signatures by keys that the last establishment event committed to')
    case 'witness-receipts':
      return shareText(missing, 'witness receipts')
    case 'delegator':
      return `the key event log of its delegator ${missing.delegator}, of whom nothing is known`
    case 'anchor':
      return anchorText(missing, subject)
    case 'approval':
      return `the approval of its delegator ${missing.delegator}, which is local`
    case 'event':
      return `the event that it is a receipt of: ${placeText(missing.event)}`
    case 'signer-event':
      return `the establishment event of its signer: ${placeText(missing.event)}`
    default:
      return missing.kind === 'likely-duplicitous'
        ? `nothing: it is kept as evidence, because ${subject.accepted ?? 'another event'} was accepted at its place`
        : 'nothing: it is a remote event for an AID that is local, and somebody has to decide'
  }
}

/** Who could supply it. */
export function suppliersOf(missing: Missing, { aid, witnesses }: Subject): Supplier[] {
  const among = (role: Supplier['role'], ids: readonly string[]): Supplier[] =>
    ids.map((id) => ({ role, id }))
  if (missing.asked !== undefined && missing.awaits !== 'witness-receipts')
    return [{ role: 'controller', id: missing.asked }]
  switch (missing.awaits) {
    case 'inception':
    case 'prior-event':
      return [{ role: 'controller', id: aid }, ...among('witness', witnesses)]
    case 'event':
      return [{ role: 'controller', id: missing.event?.aid ?? aid }, ...among('witness', witnesses)]
    case 'signatures':
    case 'next-key-signatures':
      return among('key holder', missing.missing ?? [])
    case 'witness-receipts':
      return among('witness', missing.missing ?? witnesses)
    case 'delegator':
    case 'anchor':
    case 'approval':
      return missing.delegator ? [{ role: 'delegator', id: missing.delegator }] : []
    case 'signer-event':
      return missing.event ? [{ role: 'signer', id: missing.event.aid }] : []
    default:
      return []
  }
}

const decimal = (hex: string | undefined): bigint => BigInt(`0x${hex ?? '0'}`)

function eventsText({ from, before, last }: Missing, { aid }: Subject): string {
  const [first, end] = [decimal(from), decimal(before)]
  const isOne = end - first <= 1n
  if (!last) {
    const which = isOne ? 'its inception' : `its inception, and its events up to sn ${end - 1n}`
    return `${which}: nothing of ${aid} was accepted yet`
  }
  const which = isOne ? `the event sn ${first}` : `the events sn ${first} to ${end - 1n}`
  return `${which} of ${aid}; the last one accepted is sn ${decimal(last.sn)}, ${last.said}`
}

function shareText({ threshold, have = [], missing = [] }: Missing, what: string): string {
  const needed =
    typeof threshold === 'string' ? `${decimal(threshold)} needed` : `needed ${JSON.stringify(threshold)}`
  const listed = (ids: readonly string[]): string => (ids.length > 0 ? ids.join(', ') : 'none')
  return `${have.length} of ${have.length + missing.length} ${what}, ${needed}: have ${listed(have)}; missing ${listed(missing)}`
}

function anchorText({ delegator, named }: Missing, { aid, sn }: Subject): string {
  const where = named
    ? `its event sn ${decimal(named.sn)}, ${named.said}, was named for it`
    : 'none was named for it'
  return `an event of its delegator ${delegator} that anchors ${aid} sn ${decimal(sn)}; ${where}`
}

/** What an answer to a query needs. */
function answerText({ awaits, asker, asked, event, seal }: Missing): string {
  const who = `to be answered to ${asker}`
  switch (awaits) {
    case 'anchor':
      return `an event of ${asked} that seals ${placeText(seal)}, ${who}`
    case 'witness-receipts':
      return `the witness receipts of ${placeText(event)}, ${who}`
    case 'inception':
      return `the key event log of ${asked}, of whom nothing is known, ${who}`
    default:
      return `the event ${placeText(event)}, ${who}`
  }
}

function placeText(place: Missing['event']): string {
  if (!place) return 'unknown'
  const { aid, sn, said } = place
  return `${aid} sn ${decimal(sn)}${said === undefined ? '' : `, ${said}`}`
}
