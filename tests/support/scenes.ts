import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { kel, stream, variant } from '../boundary/kel.ts'
import { main } from './cli.ts'
import { saidBy } from './metrics.ts'

/** A pipeline that listens, and what is done to it until the scenes end. */
export class Scene {
  readonly name: string
  readonly ended: AbortSignal
  /** How many times as fast as usual the rules' time runs. */
  haste = 1
  readonly #folder: string
  readonly #sockets: Socket[] = []
  #child: ChildProcess | undefined
  #inputPort = 0
  metricsPort = 0

  constructor(name: string, folder: string, ended: AbortSignal) {
    this.name = name
    this.#folder = join(folder, name)
    this.ended = ended
    mkdirSync(this.#folder)
  }

  get running(): boolean {
    return !this.ended.aborted
  }

  path(name: string): string {
    return join(this.#folder, name)
  }

  /** Starts the pipeline, again on the same port for metrics; `wrap` is a shell command that ends with it. */
  async start(args: readonly string[] = [], wrap = 'exec "$@"'): Promise<void> {
    const command = [main, 'ingest', 'tcp://127.0.0.1:0', '--store', this.path('db')]
    const metrics = ['--metrics', String(this.metricsPort), ...args]
    const wrapped = ['-c', wrap, 'sh', process.execPath, ...command, ...metrics]
    // A group of its own: what wraps the pipeline must not leave it behind.
    this.#child = spawn('sh', wrapped, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    const said = saidBy(this.#child, /metrics on http:\S+:(\d+)[^]*listening on tcp:\S+:(\d+)/)
    const [metricsPort, inputPort] = await said
    this.metricsPort = Number(metricsPort)
    this.#inputPort = Number(inputPort)
  }

  signal(name: NodeJS.Signals): void {
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    process.kill(-child.pid, name)
  }

  async kill(): Promise<void> {
    const child = this.#child
    for (const socket of this.#sockets.splice(0)) socket.destroy()
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    this.signal('SIGKILL')
    await once(child, 'exit')
  }

  /** Sends bytes over a connection of their own. */
  send(bytes: Uint8Array): void {
    const socket = connect(this.#inputPort, '127.0.0.1', () => socket.end(bytes))
    socket.on('error', () => undefined)
    socket.resume()
  }

  /** Sends the same bytes again and again, as fast as they are taken. */
  async flood(bytes: Uint8Array): Promise<void> {
    const socket = connect(this.#inputPort, '127.0.0.1')
    socket.on('error', () => undefined)
    this.#sockets.push(socket)
    while (this.running && !socket.destroyed)
      if (!socket.write(bytes))
        await once(socket, 'drain', { signal: AbortSignal.timeout(1_000) }).catch(() => undefined)
  }
}

/** What is done to a pipeline, and the alert that it has to raise. */
export interface Script {
  readonly name: string
  readonly alert?: string
  readonly start?: (scene: Scene) => Promise<void>
  readonly play: (scene: Scene, fired: () => boolean) => Promise<void>
}

const pauseMs = 500

/** Calls a step with its number until the scenes end. */
async function repeat(scene: Scene, step: (turn: number) => void): Promise<void> {
  for (let turn = 0; scene.running; turn += 1) {
    step(turn)
    await setTimeout(pauseMs)
  }
}

const forged = (seed: number): Uint8Array => {
  const [body, other] = [seed, seed + 1].map((each) => Buffer.from(kel(each, 1).messages[0] ?? []).toString())
  return Buffer.from(`${body?.split('-AAB')[0]}-AAB${other?.split('-AAB')[1]}`)
}

const seeds = (turn: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => turn * count + index)

/** Starts a pipeline whose verdicts go into a pipe. */
async function startWithPipe(scene: Scene): Promise<void> {
  const pipe = scene.path('verdicts')
  spawnSync('mkfifo', [pipe])
  await scene.start(['--verdicts', pipe])
}

/** Starts the pipeline anew on a disk whose syncs take a minute and a half of the rules. */
async function startOnSlowDisk(scene: Scene): Promise<void> {
  await scene.kill()
  const delayMicros = Math.round((90 * 1e6) / scene.haste)
  const inject = `inject=fsync,fdatasync,msync:delay_enter=${delayMicros}`
  await scene.start([], `exec strace -f -qq -o /dev/null -e ${inject} "$@"`)
}

const floods = async (scene: Scene): Promise<void> => scene.flood(stream(kel(3, 2_000).messages))

/** For so many turns an event of the growing flood waits for what it lacks. */
const turnsOfWait = 16

/** Sends more and more events that come too early, and what each lacks some turns later. */
async function grow(scene: Scene, fired: () => boolean): Promise<void> {
  const late: Uint8Array[] = []
  let next = 0
  for (let turn = 0; scene.running && !fired(); turn += 1) {
    const count = (turn + 1) * 10
    const logs = Array.from({ length: count }, () => kel((next += 1), 2).messages)
    scene.send(stream(logs.map((log) => log[1] ?? new Uint8Array(0))))
    late.push(stream(logs.map((log) => log[0] ?? new Uint8Array(0))))
    if (late.length > turnsOfWait) scene.send(late.shift() ?? new Uint8Array(0))
    await setTimeout(pauseMs)
  }
  scene.send(stream(late))
}

export const scripts: readonly Script[] = [
  {
    name: 'healthy',
    play: async (scene) => repeat(scene, (turn) => scene.send(stream(kel(turn, 3).messages))),
  },
  {
    name: 'down',
    alert: 'KelpipeDown',
    play: async (scene) => scene.kill(),
  },
  {
    name: 'duplicity',
    alert: 'KelpipeDuplicitySeen',
    play: async (scene) => scene.send(stream([...kel(1, 3).messages, variant(1, 1).message])),
  },
  {
    name: 'signatures',
    alert: 'KelpipeSignatureFailures',
    play: async (scene) =>
      repeat(scene, (turn) =>
        scene.send(stream([...seeds(turn, 10).map((seed) => forged(seed)), Buffer.from('no message')])),
      ),
  },
  {
    name: 'growing',
    alert: 'KelpipeEscrowGrowing',
    play: grow,
  },
  {
    name: 'old',
    alert: 'KelpipeEscrowOld',
    play: async (scene) => scene.send(kel(2, 3).messages[2] ?? new Uint8Array(0)),
  },
  {
    name: 'stalled',
    alert: 'KelpipeNoProgress',
    start: startWithPipe,
    play: floods,
  },
  {
    name: 'slow',
    alert: 'KelpipeLag',
    play: async (scene) => {
      await startOnSlowDisk(scene)
      await repeat(scene, (turn) => scene.send(stream(kel(turn, 2).messages)))
    },
  },
  {
    name: 'blocked',
    alert: 'KelpipeEventLoopBlocked',
    play: async (scene) => {
      while (scene.running) {
        scene.signal('SIGSTOP')
        await setTimeout(750)
        scene.signal('SIGCONT')
        await setTimeout(250)
      }
      scene.signal('SIGCONT')
    },
  },
  {
    name: 'restarting',
    alert: 'KelpipeRestarts',
    play: async (scene) => {
      for (let turn = 0; turn < 3; turn += 1) {
        await scene.kill()
        await scene.start()
        await setTimeout(1_500)
      }
    },
  },
  ...(spawnSync('unshare', ['-rm', 'true']).status === 0
    ? [
        {
          name: 'full',
          alert: 'KelpipeStoreNearlyFull',
          start: async (scene: Scene) => {
            const db = scene.path('db')
            mkdirSync(db)
            const fill = `mount -t tmpfs -o size=20m none "${db}" && head -c 19000000 /dev/zero > "${db}/ballast"`
            await scene.start([], `exec unshare -rm sh -c '${fill} && exec "$@"' sh "$@"`)
          },
          play: async (scene: Scene) => scene.send(stream(kel(4, 3).messages)),
        },
      ]
    : []),
]
