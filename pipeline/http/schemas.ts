import type { Limits } from '../limits.ts'

/** JSON schemas of what crosses, from which the OpenAPI description is made. */

const string = { type: 'string' } as const
const integer = { type: 'integer' } as const
const strings = { type: 'array', items: string } as const

/** An object with these fields, `required` of them always; others may be added. */
const object = (
  properties: Record<string, unknown>,
  required: readonly string[] = Object.keys(properties),
): object => ({
  type: 'object',
  properties,
  required,
  additionalProperties: true,
})

const counts = { type: 'object', additionalProperties: integer } as const

export const problem: object = {
  description: 'What is wrong, and what to do about it.',
  ...object({ title: string, description: string, code: string, next: string }, ['title', 'description']),
}

export const keyState: object = {
  description: 'A key state record.',
  ...object({
    vn: { type: 'array', items: integer },
    i: string,
    s: string,
    p: string,
    d: string,
    f: string,
    dt: string,
    et: string,
    bt: string,
    di: string,
  }),
}

const membership = object({ kind: string, awaits: string })

const entryFields = {
  type: { type: 'string', enum: ['escrow-entry'] },
  entry: { type: 'string', enum: ['event', 'receipt', 'query'] },
  cursor: string,
  aid: string,
  sn: string,
  said: string,
  since: string,
  source: integer,
  sourceName: string,
  kinds: { type: 'array', items: membership },
  bytes: integer,
}

export const entryPage: object = {
  description: 'A page of entries that wait; `next` is the cursor of the next one.',
  ...object({ entries: { type: 'array', items: object(entryFields) }, next: string }, ['entries']),
}

export const shownEntries: object = {
  description: 'Entries with their messages.',
  ...object({
    entries: { type: 'array', items: object({ ...entryFields, message: string, annotated: string }) },
  }),
}

export const changed: object = {
  description: 'What became of the entries, by verdict.',
  ...object({
    type: { type: 'string', enum: ['escrow-retry', 'escrow-remove'] },
    entries: integer,
    became: counts,
  }),
}

const shares = {
  type: 'object',
  additionalProperties: object({ entries: integer, bytes: integer, oldest: string }),
}

export const stats: object = {
  description: 'What waits, in all and by kind, by what is awaited and by source.',
  ...object({
    type: { type: 'string', enum: ['escrow-stats'] },
    entries: integer,
    bytes: integer,
    aids: integer,
    evidence: integer,
    kinds: shares,
    awaits: shares,
    sources: shares,
  }),
}

const reason = object({
  kind: string,
  awaits: string,
  missing: string,
  suppliers: { type: 'array', items: object({ role: string, id: string }) },
  detail: { type: 'object', additionalProperties: true },
})

export const why: object = {
  description: 'What became of an event, and what it waits for.',
  ...object(
    {
      type: { type: 'string', enum: ['why'] },
      aid: string,
      sn: string,
      accepted: strings,
      waiting: {
        type: 'array',
        items: object({
          entry: string,
          said: string,
          since: string,
          reasons: { type: 'array', items: reason },
        }),
      },
      behind: { type: 'object', additionalProperties: true },
    },
    ['type', 'aid', 'sn', 'accepted', 'waiting'],
  ),
}

const variant = { said: string, since: string, source: integer, sourceName: string }
const boolean = { type: 'boolean' } as const

export const evidence: object = {
  description: 'A page of evidence of duplicity; `next` is the cursor of the next one.',
  ...object(
    {
      evidence: {
        type: 'array',
        items: object(
          {
            type: { type: 'string', enum: ['duplicity'] },
            class: { type: 'string', enum: ['fork', 'contradiction'] },
            aid: string,
            sn: string,
            accepted: object(variant),
            other: object({
              ...variant,
              signed: boolean,
              committed: boolean,
              witnessed: boolean,
              anchored: boolean,
            }),
            messages: object({ accepted: string, other: string }),
          },
          ['type', 'class', 'aid', 'sn', 'accepted', 'other'],
        ),
      },
      next: string,
    },
    ['evidence'],
  ),
}

export const summary: object = {
  description: 'What became of the messages.',
  ...object({
    type: { type: 'string', enum: ['summary'] },
    accepted: integer,
    duplicate: integer,
    checked: integer,
    escrowed: counts,
    rejected: counts,
    faults: integer,
    bytes: integer,
    seconds: { type: 'number' },
  }),
}

export const health: object = {
  description: 'Whether it is alive, or ready, and if not, why.',
  ...object({ status: string, reasons: strings }, ['status']),
}

/** An AID or a SAID as text. */
export const primitive = { type: 'string', pattern: '^[A-Za-z0-9_-]{44,88}$' } as const
/** Which part of a list is wanted. */
export const paging = ({ pageEntriesMax }: Pick<Limits, 'pageEntriesMax'>): Record<string, object> => ({
  limit: { type: 'integer', minimum: 1, maximum: pageEntriesMax },
  after: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,512}$', description: 'the cursor of an entry' },
})
export const decimal = { type: 'string', pattern: '^[0-9]{1,39}$' } as const
export const nothing: object = { description: 'Nothing.', type: 'null' }
export const cesr: object = { description: 'CESR.', type: 'string' }
