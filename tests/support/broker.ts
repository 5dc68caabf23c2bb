import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { afterAll, beforeAll } from 'vitest'

import { packageRoot } from '../../native/root.ts'

const script = join(packageRoot(), 'deploy', 'kafka', 'broker')

/** Why there can be no broker here, if so. */
function obstacle(): string | undefined {
  if (spawnSync('java', ['-version']).status !== 0) return 'there is no Java'
  return spawnSync(script, ['classpath']).status === 0 ? undefined : 'its jars cannot be fetched with Maven'
}

/** What a broker may take to start on a busy machine. */
export const brokerMs = 180_000

const why = obstacle()

/** Whether tests can have a broker; without one it is said once. */
export const canBroker: boolean = why === undefined
if (why !== undefined) console.log(`skipped: tests with a Kafka broker, since ${why}`)

/** A real Kafka broker on loopback, in a folder of its own. */
export class Broker {
  readonly address: string
  /** Where one that was started with a password asks for it, over TLS. */
  readonly secureAddress: string
  readonly #folder: string
  #child: ChildProcess | undefined

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.address = `127.0.0.1:${port}`
    this.secureAddress = `127.0.0.1:${port + 2}`
  }

  /** With a password it also has a listener for TLS and SASL; its `ca.pem`, `client.pem` and `client.key` are in the folder. */
  static async start(folder: string, user?: { name: string; password: string }): Promise<Broker> {
    const port = await freePorts()
    const broker = new Broker(folder, port)
    const how = user ? ['secure', folder, `${port}`, user.name, user.password] : ['format', folder, `${port}`]
    const { status, stderr } = spawnSync(script, how, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`the broker's folder: ${stderr}`)
    await broker.run()
    return broker
  }

  /** Starts it again after a stop, with what it holds. */
  async run(): Promise<void> {
    const log = openSync(join(this.#folder, 'broker.log'), 'a')
    this.#child = spawn(script, ['run', this.#folder], { stdio: ['ignore', log, log] })
    closeSync(log)
    const [host, port] = this.address.split(':')
    for (let answers = false; !answers; await setTimeout(50)) {
      if (this.#child.exitCode !== null) throw new Error(`the broker ended: ${this.#folder}/broker.log`)
      answers = await answersAt(Number(port), host ?? '')
    }
  }

  /** Ends it, at once for SIGKILL. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    appendFileSync(join(this.#folder, 'broker.log'), `stopped by ${signal}\n`)
  }
}

/** A broker for the tests of a suite, in a folder of its own; both go with the suite. */
export function suiteBroker(
  name: string,
  user?: { readonly name: string; readonly password: string },
): { readonly folder: string; readonly broker: Broker } {
  const folder = mkdtempSync(join(tmpdir(), `kelpipe-${name}-`))
  let broker: Broker | undefined
  beforeAll(async () => {
    broker = await Broker.start(folder, user)
  }, brokerMs)
  afterAll(async () => {
    await broker?.stop()
    rmSync(folder, { recursive: true })
  })
  return {
    folder,
    get broker() {
      if (!broker) throw new Error('the broker has not started yet')
      return broker
    },
  }
}

async function answersAt(port: number, host: string): Promise<boolean> {
  const socket = connect(port, host)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Ports below those that systems give to whoever asks for any: nobody else comes between the look and the use. */
const portsFrom = 20_000
const portsTo = 32_000

/** A port that nobody has, and whose next two are free too. */
async function freePorts(): Promise<number> {
  for (;;) {
    const port = randomInt(portsFrom, portsTo)
    const servers = [0, 1, 2].map((further) => createServer().listen(port + further, '127.0.0.1'))
    const free = await Promise.all(
      servers.map(async (server) =>
        once(server, 'listening').then(
          () => true,
          () => false,
        ),
      ),
    )
    for (const server of servers) server.close()
    if (free.every(Boolean)) return port
  }
}
