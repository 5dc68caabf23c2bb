/** How brokers are reached. */
export interface Connection {
  readonly brokers: readonly string[]
  /** Names this worker to the brokers. */
  readonly clientId: string
  readonly tls?: Tls
  readonly sasl?: Sasl
  /** A member that is silent for so long is taken out of its group. */
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  /** How long members have to come back when the group shares out anew. */
  readonly rebalanceTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  /** A transaction that is left open for so long is given up by the broker. */
  readonly transactionTimeoutMs: number
  /** What one fetch brings at most, of one partition and in all. */
  readonly fetchBytesPerPartition: number
  readonly fetchBytes: number
  /** How long a broker holds back an answer without records. */
  readonly fetchWaitMs: number
}

/** PEM texts; without a key and certificate the client does not prove who it is. */
export interface Tls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly rejectUnauthorized: boolean
}

export interface Sasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}
