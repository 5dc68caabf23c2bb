/** Types of messages in words. */
const ilks: Readonly<Record<string, string>> = {
  icp: 'inception',
  rot: 'rotation',
  ixn: 'interaction',
  dip: 'delegated inception',
  drt: 'delegated rotation',
  rct: 'receipt',
  qry: 'query',
  rpy: 'reply',
  pro: 'prod',
  bar: 'bare',
  exn: 'exchange',
  xip: 'exchange inception',
  vcp: 'registry inception',
  vrt: 'registry rotation',
  iss: 'credential issuance',
  rev: 'credential revocation',
  bis: 'backed issuance',
  brv: 'backed revocation',
}

export const ilkInWords = (ilk: string): string => ilks[ilk] ?? ilk

const awaited: Readonly<Record<string, string>> = {
  inception: 'the inception of its AID',
  'prior-event': 'the event before it',
  signatures: 'more signatures of the current keys',
  'next-key-signatures': 'more signatures of the keys committed to before',
  'witness-receipts': 'more receipts of witnesses',
  delegator: 'the key state of its delegator',
  anchor: 'the anchor of its delegator',
  approval: 'the approval of its delegator',
  event: 'the event that it is about',
  'signer-event': 'the key state of its signer',
}

/** What something waits for. */
export const awaitedInWords = (awaits: string): string => awaited[awaits] ?? 'nothing that could still come'

export interface Verdict {
  readonly verdict: string
  readonly fn?: number
  readonly code?: string
  readonly escrow?: string
  readonly awaits?: string
  readonly signatures?: string
}

/** A verdict with its reason, as a sentence; `texts` explains codes. */
export function verdictInWords(
  { verdict, fn, code, escrow, awaits, signatures }: Verdict,
  texts: Readonly<Record<string, string>>,
): string {
  if (verdict === 'accepted') return fn === undefined ? 'Accepted.' : `Accepted, first seen as number ${fn}.`
  if (verdict === 'duplicate') return 'Known already: nothing new.'
  if (verdict === 'rejected') return `Refused: ${code ?? ''}: ${texts[code ?? ''] ?? 'see docs/errors.md'}.`
  if (verdict === 'checked')
    return signatures === 'valid'
      ? 'Checked: its signatures are valid.'
      : 'Checked: well formed; its signer is not known here.'
  if (escrow === 'likely-duplicitous')
    return 'Duplicity: another event was accepted at its place. It is kept as evidence.'
  return `Waits (${escrow ?? ''}) for ${awaitedInWords(awaits ?? '')}.`
}
