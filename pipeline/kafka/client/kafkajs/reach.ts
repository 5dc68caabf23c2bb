import { setTimeout } from 'node:timers/promises'

import type { KafkaConfig } from 'kafkajs'

import { PipelineError, reasonOf, systemCode } from '../../../errors.ts'
import type { Connection } from '../settings.ts'
import { kafkajs } from './library.ts'

/** Tries to reach brokers that may be starting, and the first pause between them, which doubles. */
const triesMax = 7
const pauseMs = 100

/**
 * Asks some broker one question. Whether it can be reached is tried for a while; that it wants another password or
 * certificate no waiting changes.
 *
 * @throws PipelineError `source/kafka`: who cannot be reached, why, and which setting to look at.
 */
export async function reach(config: KafkaConfig, connection: Connection): Promise<void> {
  const admin = new kafkajs.Kafka({ ...config, retry: { retries: 0 } }).admin()
  try {
    for (let tries = 1; ; tries += 1)
      try {
        await admin.connect()
        await admin.describeCluster()
        return
      } catch (error) {
        const cause = causeOf(error)
        const { lasting, ...text } = refusalOf(cause, connection)
        if (lasting || tries === triesMax)
          throw new PipelineError('source/kafka', { ...text, cause: plain(cause) })
        await setTimeout(pauseMs * 2 ** (tries - 1))
      }
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

/** What lies under the count of tries that kafkajs puts around it. */
function causeOf(error: unknown): unknown {
  const counted = error instanceof Error && error.name === 'KafkaJSNumberOfRetriesExceeded'
  return counted ? (error.cause ?? error) : error
}

/** The library of TLS tells where in its own sources something happened; what happened stands in between. */
function plain(cause: unknown): unknown {
  const [, why] = /:SSL routines:[^:]*:([^:]+):/.exec(reasonOf(cause)) ?? []
  return why === undefined ? cause : new Error(why, { cause })
}

interface Refusal {
  readonly what: string
  readonly next: string
  /** Whether trying again comes to the same. */
  readonly lasting: boolean
}

/** Codes of TLS for a certificate of the broker that cannot be trusted. */
const untrusted = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_)/

function refusalOf(error: unknown, { brokers, sasl, tls }: Connection): Refusal {
  const at = brokers.join(', ')
  const code = systemCode(error) ?? ''
  if (error instanceof Error && error.name === 'KafkaJSSASLAuthenticationError')
    return {
      what: `Kafka at ${at} does not let ${sasl?.username ?? 'this client'} in`,
      next: 'correct kafka.sasl: mechanism, username and password (KELPIPE_KAFKA_SASL_PASSWORD)',
      lasting: true,
    }
  if (untrusted.test(code))
    return {
      what: `the certificate of Kafka at ${at} cannot be trusted`,
      next: 'name the authority that signed it with kafka.tls.ca, and brokers as their certificates name them',
      lasting: true,
    }
  if (code.startsWith('ERR_SSL_'))
    return {
      what: `Kafka at ${at} and this client do not agree on TLS`,
      next: 'brokers that want to know who calls need kafka.tls.cert and kafka.tls.key, signed by an authority of theirs',
      lasting: true,
    }
  const closed = /closed connection|disconnected before secure TLS/i.test(reasonOf(error))
  return {
    what: `cannot reach Kafka at ${at}`,
    next: closed
      ? `look whether this port wants TLS (kafka.tls.enabled is ${tls !== undefined}) and SASL (kafka.sasl is ${sasl ? 'given' : 'left out'})`
      : 'look at kafka.brokers of the configuration, and whether the brokers run',
    lasting: false,
  }
}
