import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { PipelineError } from '../errors.ts'
import { fileSource } from './file.ts'
import { listenerSource } from './listener.ts'
import type { Source } from './source.ts'
import { stdinSource } from './stream.ts'

/** Ends of names that are taken from a folder. */
const folderEndings = ['.cesr', '.cesr.gz', '.cesr.zst']

/** The sources that an argument names: `-`, a listener's address, a folder's files in order, or a file. */
export function sourcesOf(argument: string): Source[] {
  if (argument === '-') return [stdinSource()]
  if (argument.startsWith('tcp://')) return [listenerSource(tcpAddress(argument))]
  if (argument.startsWith('unix:'))
    return [listenerSource({ kind: 'unix', path: argument.replace(/^unix:(\/\/)?/, '') })]
  if (!existsSync(argument))
    throw new PipelineError('source/missing', {
      what: `there is no file or folder ${argument}`,
      next: 'SRC is a file, a folder, "-" for standard input, tcp://HOST:PORT or unix:PATH',
    })
  return statSync(argument).isDirectory() ? folderSources(argument) : [fileSource(argument)]
}

/** All CESR files in a folder and the folders in it, in the order of their paths. */
function folderSources(folder: string): Source[] {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && folderEndings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  if (paths.length > 0) return paths.map(fileSource)
  throw new PipelineError('source/empty-folder', {
    what: `the folder ${folder} holds no ${folderEndings.join(', ')} file`,
    next: 'name the files themselves: a file given by name may have any ending',
  })
}

function tcpAddress(argument: string): { kind: 'tcp'; host: string; port: number } {
  const [, host, port] = /^tcp:\/\/(\[[^\]]+\]|[^:/]+):(\d+)\/?$/.exec(argument) ?? []
  if (host === undefined || port === undefined || Number(port) > 65_535)
    throw new PipelineError('config/address', {
      what: `"${argument}" is no address to listen on`,
      next: 'write tcp://HOST:PORT, as in tcp://127.0.0.1:5621',
    })
  return { kind: 'tcp', host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}
