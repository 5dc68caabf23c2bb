import type { Connection } from '../../pipeline/kafka/client/settings.ts'

/** A connection to the broker of a test, with short times. */
export const connectionTo = (address: string): Connection => ({
  brokers: [address],
  clientId: 'kelpipe-test',
  sessionTimeoutMs: 3_000,
  heartbeatMs: 200,
  rebalanceTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  transactionTimeoutMs: 10_000,
  fetchBytesPerPartition: 1_048_576,
  fetchBytes: 16_777_216,
  fetchWaitMs: 50,
})
