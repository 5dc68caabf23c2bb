import type { Config } from '../config/config.ts'
import { connectionOf, topicsOf } from '../config/worker.ts'
import { bad, type Finding } from './finding.ts'
import { connect } from '../kafka/client/index.ts'

/** Looks at a configuration of `run`, and asks its brokers. */
export async function fleet(file: string): Promise<Finding[]> {
  try {
    const { readConfig } = await import('../config/config.ts')
    const config = readConfig(file, process.env, new Map())
    const valid = { ok: true, what: `${file} is valid` }
    return [valid, ...(await brokers(config))]
  } catch (error) {
    return [bad(error)]
  }
}

async function brokers(config: Config): Promise<Finding[]> {
  const { input } = topicsOf(config)
  const names = config.kafka.brokers.join(', ')
  try {
    const client = await connect(connectionOf(config))
    try {
      const count = (await client.partitions([input])).get(input) ?? 0
      return [
        { ok: true, what: `the brokers answer: ${names}` },
        count > 0
          ? { ok: true, what: `the topic ${input} has ${count} partitions, so there can be ${count} workers` }
          : {
              ok: false,
              what: `there is no topic ${input}`,
              next: 'make it: its partitions are its own choice',
            },
      ]
    } finally {
      await client.close()
    }
  } catch (error) {
    return [bad(error, `see whether ${names} can be reached, and what kafka.tls and kafka.sasl say`)]
  }
}
