/** A recorded stream: what was done with it, how, and what the reference made of it (vectors/README.md). */
export interface Vector {
  readonly steps: readonly Step[]
  readonly cfg: Flags
  readonly oracle: string
  readonly description?: string
  readonly others?: Readonly<Record<string, unknown>>
  readonly agreeKeyState?: readonly string[]
  readonly expected: Observation
}

export type Step =
  | readonly ['parse', start: number, end: number, flags?: Flags]
  | readonly ['escrows']
  | readonly ['advance', seconds: number]

export interface Flags {
  readonly own?: readonly string[]
  readonly lax?: boolean
  readonly local?: boolean
  readonly cloned?: boolean
  /** Whether the parser, and not only the verifier, trusted the source; recorded of the reference's head alone. */
  readonly plocal?: boolean
  /** The stream version that the parser of the reference's head was told. */
  readonly version?: readonly [major: number, minor: number]
}

export interface ObservedEvent {
  readonly aid: string | null
  readonly sn: string | null
  readonly said: string | null
  readonly ilk: string | null
  readonly offset?: number
  readonly size?: number
  status: string
  onParse?: string
}

export type Escrows = Record<string, Record<string, unknown>[]>

/** The result of a stream, in the form of the vectors. */
export interface Observation {
  readonly events: readonly ObservedEvent[]
  readonly parse?: readonly ParseLog[]
  readonly keyStates: Record<string, unknown>
  readonly kels: Record<string, Record<string, string[]>>
  readonly fels: Record<string, string[]>
  readonly escrows: Escrows
  readonly attachments: Record<string, Record<string, string[]>>
  /** What held after each step that changed something; left out of streams with one parse. */
  readonly snapshots?: readonly StepResult[]
}

export interface StepResult {
  readonly afterStep: number
  /** By AID: sequence number, `/` and SAID of the last event. */
  readonly keyStates: Record<string, string>
  readonly fels: Record<string, string[]>
  readonly escrows: Escrows
}

/** How the reference fared on a step. */
export interface ParseLog {
  /** `flush`: bytes were thrown away. The head's parser throws away what it has left at each error. */
  readonly errors?: readonly { readonly flush?: boolean }[]
  readonly stalled?: boolean
  /** Where the bytes began that it lost, if it lost any. */
  readonly judged?: number
  readonly livelock?: boolean
  readonly hang?: boolean
}
