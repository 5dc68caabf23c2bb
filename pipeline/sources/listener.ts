import { rmSync } from 'node:fs'
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net'

import { from, mergeAll, Observable, Subject } from 'rxjs'

import type { Chunk } from '../../operators/flow.ts'
import { Slots } from '../../operators/slots.ts'
import { PipelineError, systemCode } from '../errors.ts'
import { connectionChunks } from './connection.ts'
import type { Source, SourceContext } from './source.ts'

/** Where to listen: `tcp://HOST:PORT` or `unix:PATH`. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Accepts connections that send CESR. Each is a stream of its own, with limits of its own. */
export function listenerSource(address: Address): Source {
  const name = address.kind === 'tcp' ? `tcp://${address.host}:${address.port}` : `unix:${address.path}`
  return { name, endless: true, chunks: (context) => listening(name, address, context) }
}

/** Chunks of all connections, as they come; ends when the signal stops it and the connections have ended. */
const listening = (name: string, address: Address, context: SourceContext): Observable<Chunk> =>
  new Observable((subscriber) => {
    const connections = new Subject<Observable<Chunk>>()
    const merged = connections.pipe(mergeAll()).subscribe(subscriber)
    const credits = new Slots(context.limits.creditsPerSource, context.signal)
    const accept = (socket: Socket): void =>
      connections.next(from(connectionChunks(socket, { name, credits, context })))
    const server = createServer({ allowHalfOpen: true }, accept)
    server.maxConnections = context.limits.connectionsPerListener
    server.on('error', (cause) => subscriber.error(listenError(name, cause)))
    const stop = (): void => {
      server.close()
      connections.complete()
    }
    context.signal.addEventListener('abort', stop, { once: true })
    listen(server, address, name, context, () =>
      subscriber.error(listenError(name, new Error('another process listens there'))),
    )
    return () => {
      context.signal.removeEventListener('abort', stop)
      merged.unsubscribe()
      server.close()
    }
  })

function listen(
  server: Server,
  address: Address,
  name: string,
  context: SourceContext,
  busy: () => void,
): void {
  const options: ListenOptions =
    address.kind === 'tcp' ? { host: address.host, port: address.port } : { path: address.path }
  const start = (): void => {
    server.listen(options, () => context.note(`listening on ${boundName(server, name)}`))
  }
  if (address.kind === 'tcp') start()
  else clearSocketFile(address.path, start, busy)
}

/** The name with the port that the system chose, where port 0 asked for any. */
function boundName(server: Server, name: string): string {
  const bound = server.address()
  return bound && typeof bound === 'object' ? name.replace(/:0$/, `:${bound.port}`) : name
}

/** Removes the socket file of a process that is gone; one that answers is left alone. */
function clearSocketFile(path: string, free: () => void, busy: () => void): void {
  const probe = connect({ path })
  probe.once('connect', () => {
    probe.destroy()
    busy()
  })
  probe.once('error', (error) => {
    if (systemCode(error) === 'ECONNREFUSED') rmSync(path, { force: true })
    free()
  })
}

const listenError = (name: string, cause: unknown): PipelineError =>
  new PipelineError('source/listen', {
    what: `cannot listen on ${name}`,
    next: 'choose another port or path, or stop the process that has this one',
    cause,
  })
