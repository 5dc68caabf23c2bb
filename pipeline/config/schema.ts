import { escrowKinds } from '../../native/layout.ts'
import { limits } from '../limits.ts'

/** The part of JSON Schema that the configuration is described in. */
export interface Schema {
  readonly type: 'object' | 'string' | 'integer' | 'boolean' | 'array'
  readonly description?: string
  readonly default?: unknown
  /** Shown in the example where there is no default, or another value says more. */
  readonly examples?: readonly unknown[]
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly minLength?: number
  readonly minimum?: number
  readonly minItems?: number
  readonly maximum?: number
  readonly nullable?: boolean
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: false
}

const object = (
  description: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema => ({
  type: 'object',
  description,
  properties,
  required,
  additionalProperties: false,
})

const text = (description: string, more: Partial<Schema> = {}): Schema => ({
  type: 'string',
  minLength: 1,
  description,
  ...more,
})

const topic = (description: string, standard: string): Schema =>
  text(description, { default: standard, pattern: '^[A-Za-z0-9._-]{1,249}$' })

const optionalTopic = (description: string, standard: string): Schema => ({
  ...topic(`${description}; null: not written.`, standard),
  nullable: true,
})

const list = (description: string, items: Schema, standard: readonly unknown[]): Schema => ({
  type: 'array',
  description,
  items,
  default: standard,
})

/** HOST:PORT. */
const address = '^(\\[[^\\]]+\\]|[^:]+):\\d{1,5}$'

const rule: Schema = { type: 'integer', minimum: 1, maximum: 18 }

const escrow: Schema = object('Limits of one escrow.', {
  timeout: { type: 'integer', minimum: 1, description: 'Seconds until an entry expires.' },
  retry: { type: 'integer', minimum: 1, description: 'Seconds between retries; without it only when woken.' },
  entries: { type: 'integer', minimum: 0, description: 'Most entries.' },
  bytes: { type: 'integer', minimum: 0, description: 'Most bytes.' },
})

/** The configuration of `kelpipe run`: one place for what is allowed, what it means and what holds otherwise. */
export const schema: Schema = object('The configuration of "kelpipe run".', {
  role: text(
    'worker: verifies what the topic brings; gateway: sends to the topic what other sources bring.',
    {
      enum: ['worker', 'gateway'],
      default: 'worker',
    },
  ),
  kafka: object('How the brokers are reached.', {
    brokers: {
      type: 'array',
      minItems: 1,
      description: 'HOST:PORT of some brokers; the others are heard of from them.',
      items: text('HOST:PORT', { pattern: '^[^,\\s]+:\\d{1,5}$' }),
      default: ['127.0.0.1:9092'],
    },
    clientId: text('Names this worker to the brokers.', { default: 'kelpipe' }),
    tls: object('TLS; left out, there is none. Files are in PEM.', {
      enabled: { type: 'boolean', default: false, description: 'Whether connections are encrypted.' },
      ca: text('File of the authority; left out, the system knows it.', {
        examples: ['/etc/kelpipe/ca.pem'],
      }),
      cert: text('File of the certificate of this client.', { examples: ['/etc/kelpipe/client.pem'] }),
      key: text('File of its key.', { examples: ['/etc/kelpipe/client.key'] }),
    }),
    sasl: object('SASL; left out, there is none.', {
      mechanism: text('How the password is shown.', {
        enum: ['plain', 'scram-sha-256', 'scram-sha-512'],
        examples: ['scram-sha-512'],
      }),
      username: text('Who this client is.', { examples: ['kelpipe'] }),
      password: text('Better in the environment: KELPIPE_KAFKA_SASL_PASSWORD.', { examples: ['secret'] }),
    }),
  }),
  source: object('Where streams come from.', {
    topic: topic('The input. Its number of partitions is the most workers that there can be.', 'kels'),
    group: text('The workers of one group share the partitions.', { default: 'kelpipe' }),
    records: text(
      'messages: keyed by AID, each record holds whole messages; stream: a partition is one stream.',
      {
        enum: ['messages', 'stream'],
        default: 'messages',
      },
    ),
  }),
  gateway: object('Of a gateway: sources whose messages it sends to the topic, keyed by AID.', {
    sources: list(
      'Files (.gz and .zst too), folders, -, tcp://HOST:PORT and unix:PATH to listen on.',
      text('A source.'),
      [],
    ),
    http: text('HOST:PORT that takes messages and streams, as of "kelpipe serve"; null: none.', {
      default: null,
      nullable: true,
      pattern: address,
    }),
    token: text('What requests must bring. Better in the environment: KELPIPE_GATEWAY_TOKEN.', {
      examples: ['secret'],
    }),
  }),
  sinks: object('Topics that are written; missing ones are made, with as many partitions as the input.', {
    accepted: topic('Accepted events, in order; a partition is made anew from it.', 'kels.accepted'),
    escrows: topic('What waits: entered, resolved, refused, expired, removed, evicted.', 'kels.escrows'),
    exchange: topic('Logs on their way to partitions where something waits for them.', 'kels.exchange'),
    deadLetters: topic('What could not be taken in, with the reason.', 'kels.dead'),
    states: optionalTopic('The last key state of each AID', 'kels.states'),
    duplicity: optionalTopic('Evidence: two events for one place', 'kels.duplicity'),
    replicas: { type: 'integer', minimum: 1, default: 3, description: 'Copies of topics that are made.' },
  }),
  guarantee: text(
    'exactly-once: published in transactions; at-least-once: without, some outputs may come twice.',
    {
      enum: ['exactly-once', 'at-least-once'],
      default: 'exactly-once',
    },
  ),
  store: text('The folder of the databases, one for each partition.', { default: './kelpipe-data' }),
  standby: {
    type: 'boolean',
    default: false,
    description:
      'Whether copies are kept of the partitions that other workers have, to take them over quickly.',
  },
  commit: text('group: many events a transaction of the database; each: one.', {
    enum: ['group', 'each'],
    default: 'group',
  }),
  http: text('HOST:PORT of /metrics, /health/live and /health/ready.', {
    default: '127.0.0.1:9464',
    pattern: address,
  }),
  rules: object('How events are judged.', {
    mode: text('hardened: all HARDEN rules; keripy: the verdicts of the reference.', {
      enum: ['hardened', 'keripy'],
      default: 'hardened',
    }),
    off: list('HARDEN rules that are switched off, by number.', rule, []),
    on: list('HARDEN rules that are switched on.', rule, []),
    own: list('AIDs that are local, whose remote events are misfits.', text('An AID.'), []),
    escrows: object(
      'Limits of single escrows, by kind.',
      Object.fromEntries(escrowKinds.map(({ name }) => [name, escrow])),
    ),
  }),
  limits: object(
    'Limits against their standard (pipeline/limits.ts), by name.',
    Object.fromEntries(
      Object.entries(limits).map(([name, value]): [string, Schema] => [
        name,
        { type: 'integer', minimum: 1, default: value },
      ]),
    ),
  ),
})
