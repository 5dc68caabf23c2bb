import { createHash, timingSafeEqual } from 'node:crypto'

import type { FastifyReply, FastifyRequest } from 'fastify'

import type { EscrowManager } from '../escrow/manage.ts'
import type { Limits } from '../limits.ts'
import type { Log } from '../log.ts'
import type { Deliveries } from './deliveries.ts'
import type { Events } from './events.ts'
import type { Vitals } from './vitals.ts'

/** What the routes work with. */
export interface HttpContext {
  readonly manager: EscrowManager
  readonly deliveries: Deliveries
  readonly events: Events
  readonly vitals: Pick<Vitals, 'readiness'>
  readonly limits: Limits
  readonly log: Pick<Log, 'line'>
  /** What a request must bring as a bearer token to change anything. */
  readonly token: string
  /** Whether messages are taken without the token: clients of witnesses cannot send one. */
  readonly openIntake: boolean
}

/** Something wrong with a request, as it is answered. */
export class HttpProblem extends Error {
  readonly status: number
  readonly code: string
  readonly next: string | undefined

  constructor(status: number, code: string, what: string, next?: string) {
    super(what)
    this.status = status
    this.code = code
    this.next = next
  }
}

/** Refuses a request without the token. */
export const requireToken =
  ({ token }: Pick<HttpContext, 'token'>) =>
  async ({ headers }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const [, given = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? []
    if (timingSafeEqual(digest(given), digest(token))) return
    reply.header('WWW-Authenticate', 'Bearer')
    throw new HttpProblem(
      401,
      'http/token',
      'the token is missing or wrong',
      'send it as "Authorization: Bearer TOKEN"; kelpipe serve says it at its start or takes it from KELPIPE_TOKEN',
    )
  }

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
