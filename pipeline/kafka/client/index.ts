import type { Client } from './client.ts'
import type { Connection } from './settings.ts'

/** Connects with the client that is in use, which is loaded only then. */
export async function connect(connection: Connection): Promise<Client> {
  const { kafkajsClient } = await import('./kafkajs/index.ts')
  return kafkajsClient(connection)
}
