import { concatMap, defaultIfEmpty, from, lastValueFrom, of, type Observable } from 'rxjs'

import type { Addon, NativeEngine } from '../../native/addon.ts'
import type { Row } from '../../native/batch.ts'
import type { EngineOptions } from '../../native/engine.ts'
import { escrowKinds, rejectCodes } from '../../native/layout.ts'
import { tableNumber } from '../../native/tables.ts'
import type { Chunk, Part, Work } from '../../operators/flow.ts'
import { frame } from '../../operators/frame.ts'
import { persist } from '../../operators/persist.ts'
import { single } from '../../operators/single.ts'
import { verify } from '../../operators/verify.ts'
import { limits } from '../../pipeline/limits.ts'
import { MemoryStore } from '../../pipeline/store/memory.ts'
import { readMeta } from '../../pipeline/store/store.ts'
import { snapshot, stepResult, type Form, type Snapshot } from './snapshot.ts'
import type { Flags, Observation, ObservedEvent, StepResult, Vector } from './vector.ts'

/** Where the vectors' clock stands at first: 2024-06-01T00:00:00Z in microseconds. */
const clockStart = 1_717_200_000_000_000n
const microsPerSecond = 1_000_000
/** Passes over the escrows after which a step ends even if something still changed, as in the recordings. */
const passesMax = 12
/** The kinds in the order of the reference's pass; those that it never retries by itself are left out. */
const passOrder = [
  'out-of-order',
  'unverified-witness',
  'unverified-receipt',
  'unverified-transferable',
  'partial-delegation',
  'partial-witness',
  'partial-signature',
  'likely-duplicitous',
  'query-not-found',
]
/** The reference's exceptions for what goes into an escrow. */
const escrowExceptions: Readonly<Record<string, string>> = {
  'out-of-order': 'OutOfOrderError',
  'partial-signature': 'MissingSignatureError',
  'partial-witness': 'MissingWitnessSignatureError',
  'partial-delegation': 'MissingDelegationError',
  delegable: 'MissingDelegableApprovalError',
  misfit: 'MisfitEventSourceError',
  'likely-duplicitous': 'LikelyDuplicitousError',
  'unverified-witness': 'UnverifiedWitnessReceiptError',
  'unverified-receipt': 'UnverifiedReceiptError',
  'unverified-transferable': 'UnverifiedTransferableReceiptError',
  'query-not-found': 'QueryNotFoundError',
}

type Mode = EngineOptions['mode']

interface WaitingPlace {
  readonly aid: string
  readonly sn: string
  readonly kinds: readonly { readonly kind: string; readonly order: number }[]
}

interface Seen {
  readonly event: ObservedEvent
  readonly exception: string | undefined
  /** What came with the body. */
  readonly attached: Buffer
}

/** A stream's steps, carried out by the pipeline's own operators over a store in memory. */
class Observer {
  readonly #addon: Addon
  readonly #mode: Mode
  readonly #store = new MemoryStore()
  readonly #seen: Seen[] = []
  #engine: NativeEngine
  #options: EngineOptions
  readonly #form: Form
  readonly #steps: StepResult[] = []
  #retried: string | undefined
  #now = clockStart

  constructor(addon: Addon, mode: Mode, flags: Flags) {
    this.#addon = addon
    this.#mode = mode
    this.#form = mode === 'hardened' || flags.version ? 'head' : 'stable'
    this.#options = optionsOf(mode, flags)
    this.#engine = this.#open()
  }

  #open(): NativeEngine {
    const engine = this.#addon.engine(this.#options)
    engine.open(readMeta(this.#store, 'ordinal') ?? null)
    return engine
  }

  #setFlags(flags: Flags): void {
    this.#options = optionsOf(this.#mode, flags)
    this.#engine = this.#open()
  }

  async #run(work: Observable<Work>, each: (part: Part) => void): Promise<void> {
    const engine = {
      ...this.#engine,
      prepareWaiting: async (op: 'retry' | 'expire' | 'remove' | 'wake', keys: readonly Uint8Array[]) =>
        this.#engine.prepareWaiting(op, keys, this.#retried),
    }
    const parts = work.pipe(
      verify(engine, this.#store, { partsInFlight: 1, now: () => this.#now }),
      persist(engine, this.#store, { records: () => [] }),
      concatMap((part) => {
        each(part)
        part.release()
        if (part.last) part.work.ack()
        return of(part)
      }),
    )
    await lastValueFrom(parts.pipe(defaultIfEmpty(undefined)))
  }

  /** One slice is a stream of its own, and each message a batch of its own, so that its effect can be seen. */
  async parse(bytes: Uint8Array, offset: number, flags: Flags | undefined): Promise<void> {
    if (flags) this.#setFlags(flags)
    const chunk: Chunk = {
      origin: { id: 1, name: 'stream' },
      bytes: new Uint8Array(bytes),
      headroom: 0,
      at: 0,
      end: 'end',
      ack: () => undefined,
    }
    const cut = from([chunk]).pipe(
      frame({
        framer: () => this.#addon.framer(this.#options),
        pendingBytesMax: limits.pendingBytesPerOrigin,
        flushBytesMax: limits.flushBytes,
      }),
      single(),
    )
    await this.#run(cut, (part) => this.#note(part, offset))
  }

  #note({ work, settled }: Part, offset: number): void {
    if (work.kind !== 'frames' || !settled) return
    const now = this.snapshot()
    for (let index = 0; index < settled.verdicts.length; index += 1) {
      const row = settled.verdicts.row(index)
      if (row.message === undefined) continue
      const [start = 0, end = 0, behind = 0] = work.spans.subarray(row.message * 4)
      const exception = exceptionOf(row)
      const event: ObservedEvent = {
        aid: row.ilk === 'qry' ? null : row.aid || null,
        sn: row.said === '' || unnumbered.has(row.ilk) ? null : snOf(row, work.source.subarray(start, end)),
        said: row.said || null,
        ilk: row.said === '' ? null : row.ilk,
        offset: offset + work.at + start,
        size: end - start,
        status: '',
      }
      const attached = Buffer.from(work.source.subarray(end, behind))
      const seen = { event, exception, attached }
      event.status = statusOf(seen, now)
      this.#seen.push(seen)
    }
  }

  /** Passes over all escrows until nothing changes. */
  async escrows(): Promise<void> {
    for (let pass = 0; pass < passesMax; pass += 1) {
      const before = JSON.stringify(this.snapshot())
      for (const kind of passOrder) await this.#retry(kind)
      if (JSON.stringify(this.snapshot()) === before) return
    }
  }

  /** Place by place, and in the order of arrival at each, as in the reference's tables. */
  async #retry(kind: string): Promise<void> {
    const bit = 1 << escrowKinds.findIndex(({ name }) => name === kind)
    const waiting = Array.from(this.#store.scan('waiting'))
      .filter(({ value }) => (kindsOf(value) & bit) !== 0)
      .map(({ key, value }) => ({ key, ...this.#turn(key, value, kind) }))
    waiting.sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : a.order - b.order))
    this.#retried = kind
    for (const { key } of waiting) {
      const work: Work = { kind: 'waiting', op: 'retry', keys: [key], ack: () => undefined }
      await this.#run(of(work), () => undefined)
    }
    this.#retried = undefined
  }

  #turn(key: Uint8Array, value: Uint8Array, kind: string): { place: string; order: number } {
    const record = this.#addon.record(tableNumber('waiting'), key, value) ?? 'null'
    const { aid, sn, kinds } = JSON.parse(record) as WaitingPlace
    const order = kinds.find((each) => each.kind === kind)?.order ?? 0
    return { place: `${aid}.${sn.padStart(32, '0')}`, order }
  }

  advance(seconds: number): void {
    this.#now += BigInt(Math.round(seconds * microsPerSecond))
  }

  snapshot(): Snapshot {
    return snapshot(this.#addon, this.#store, this.#form)
  }

  /** Notes what holds after a step. */
  endStep(afterStep: number): void {
    this.#steps.push(stepResult(afterStep, this.snapshot()))
  }

  result(): Observation {
    const end = this.snapshot()
    const events = this.#seen.map((seen) => {
      const { event } = seen
      const onParse = event.status
      const status = statusOf(seen, end)
      return { ...event, status, ...(status !== onParse && { onParse }) }
    })
    return { events, ...end, snapshots: this.#steps }
  }
}

/** The mask of kinds in front of a waiting entry's value. */
const kindsOf = (value: Uint8Array): number => (value[0] ?? 0) | ((value[1] ?? 0) << 8)

const optionsOf = (mode: Mode, flags: Flags): EngineOptions => ({
  mode,
  rulesOff: [],
  rulesOn: [],
  own: flags.own ?? [],
  lax: flags.lax ?? true,
  local: flags.plocal ?? flags.local ?? false,
  cloned: flags.cloned ?? false,
  genus: flags.version?.[0] ?? 0,
  holdWakes: true,
  cacheBytes: limits.engineCacheBytes,
  threads: 1,
})

const classes = new Map(Array.from(rejectCodes.values(), ({ code, class: name }) => [code, name]))

function exceptionOf(row: Row): string | undefined {
  if (row.verdict === 'rejected') return classes.get(row.reason ?? '') ?? 'ValidationError'
  return row.verdict === 'escrowed' ? escrowExceptions[row.reason ?? ''] : undefined
}

const keyEvents = new Set(['icp', 'rot', 'ixn', 'dip', 'drt'])

/** A sequence number as it is written, as far as that is text. */
const snOf = ({ sn }: Row, body: Uint8Array): string =>
  /"s":"([^"\\]*)"/u.exec(Buffer.from(body).toString('latin1'))?.[1] ?? sn.toString(16)

/** Messages without a sequence number. */
const unnumbered = new Set(['qry', 'rpy', 'pro', 'bar', 'exn', 'xip'])

/** What became of a message, judged from what the store holds. */
function statusOf(seen: Seen, then: Snapshot): string {
  const { said, aid, ilk } = seen.event
  const otherwise = seen.exception ? `dropped:${seen.exception}` : 'processed'
  if (said === null) return `dropped:${seen.exception ?? 'ValidationError'}`
  if (ilk === 'rct') return receiptStatus(seen, then) ?? otherwise
  if (ilk !== 'qry' && !keyEvents.has(ilk ?? '')) return otherwise
  if (then.fels[aid ?? '']?.includes(said)) return 'accepted'
  const tables = tablesWith(then, (row) => row['said'] === said || valueOf(row).includes(said))
  return tables.length > 0 ? `escrowed:${tables.join('+')}` : otherwise
}

/** Where the signatures of a receipt are, if anywhere. */
function receiptStatus({ event, attached }: Seen, then: Snapshot): string | undefined {
  const { said } = event
  const isOurs = (text: string): boolean => {
    const signature = text.slice(-signatureChars)
    const raw = Buffer.from(`AA${signature}`, 'base64url').subarray(2)
    return signature !== '' && (attached.includes(signature) || attached.includes(raw))
  }
  const tables = tablesWith(then, (row) => row['said'] === said && isOurs(valueOf(row)))
  const receipts = tables.filter((table) => ['ures', 'vres', 'uwes'].includes(table))
  if (receipts.length > 0) return `escrowed:${receipts.join('+')}`
  const { wigs = [], rcts = [], vrcs = [] } = then.attachments[said ?? ''] ?? {}
  return [...wigs, ...rcts, ...vrcs].some(isOurs) ? 'accepted' : undefined
}

/** Characters of a signature behind its code and index. */
const signatureChars = 86

const valueOf = (row: Record<string, unknown>): string => (typeof row['val'] === 'string' ? row['val'] : '')

const tablesWith = ({ escrows }: Snapshot, holds: (row: Record<string, unknown>) => boolean): string[] =>
  Object.entries(escrows)
    .filter(([, rows]) => rows.some(holds))
    .map(([table]) => table)
    .toSorted()

/** Carries out a vector's steps on its stream and says what is there at the end. */
export async function observe(
  addon: Addon,
  vector: Pick<Vector, 'steps' | 'cfg'>,
  stream: Uint8Array,
  mode: Mode,
): Promise<Observation> {
  const observer = new Observer(addon, mode, vector.cfg)
  for (const [index, step] of vector.steps.entries()) {
    if (step[0] === 'parse') await observer.parse(stream.subarray(step[1], step[2]), step[1], step[3])
    else if (step[0] === 'escrows') await observer.escrows()
    else observer.advance(step[1])
    observer.endStep(index)
  }
  return observer.result()
}
