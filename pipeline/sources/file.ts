import { open, type FileHandle } from 'node:fs/promises'
import { createReadStream, realpathSync, statSync } from 'node:fs'

import { from, type Observable } from 'rxjs'

import type { Chunk, Origin } from '../../operators/flow.ts'
import type { Slots } from '../../operators/slots.ts'
import { PipelineError } from '../errors.ts'
import { Buffers, headroomBytes } from './buffers.ts'
import { checkpointName, encodeCheckpoint, identify, resumption, type Identity } from './checkpoint.ts'
import { compressionOf, decompressed, type Compression } from './compressed.ts'
import { gathered } from './gathered.ts'
import type { Source, SourceContext } from './source.ts'
import { streamSource } from './stream.ts'

/** A file of CESR, plain or compressed (`.gz`, `.zst`). A later run takes it up where the database stands. */
export function fileSource(path: string): Source {
  const status = statSync(path)
  // A pipe has no positions and no identity.
  if (!status.isFile()) return streamSource(path, () => createReadStream(path))
  const plain = compressionOf(path) === undefined
  return {
    name: path,
    bytesTotal: plain ? status.size : undefined,
    endless: false,
    chunks: (context): Observable<Chunk> => from(fileChunks(path, context)),
  }
}

async function* fileChunks(path: string, context: SourceContext): AsyncGenerator<Chunk> {
  const file = await opened(path)
  try {
    const identity = await identify(file, realpathSync(path), context.limits.headBytes)
    const name = checkpointName(identity.path)
    const compression = compressionOf(path)
    const { position, note } = await resumption(
      file,
      identity,
      context.recall(name),
      compression !== undefined,
    )
    if (note) context.note(note)
    const origin = fileOrigin(path, name, identity, context)
    const { credits } = context
    if (compression === undefined)
      yield* plainChunks({ file, origin, size: identity.size, credits, context }, position)
    else yield* unpacked({ file, origin, credits, context }, compression, position)
  } finally {
    await file.close()
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    throw new PipelineError('source/open', { what: `cannot read ${path}`, cause })
  }
}

const fileOrigin = (path: string, name: string, identity: Identity, context: SourceContext): Origin => ({
  id: context.numberOf(path),
  name: path,
  checkpoint: (position) => [name, encodeCheckpoint({ ...identity, position })],
})

interface Reading {
  readonly file: FileHandle
  readonly origin: Origin
  readonly credits: Slots
  readonly context: SourceContext
}

interface PlainReading extends Reading {
  /** What the file held when it was opened. */
  readonly size: number
}

/** Reads a compressed file; the first `skip` bytes of its content are passed over. */
async function* unpacked(reading: Reading, compression: Compression, skip: number): AsyncGenerator<Chunk> {
  const { file, origin, context } = reading
  const stream = decompressed(file, compression, context.limits)
  try {
    yield* gathered(stream, reading, skip)
  } catch (cause) {
    throw new PipelineError('source/compressed', {
      what: `${origin.name} is damaged or no ${compression} file; what had been read before is kept`,
      next: `check it with "${compression} -t"`,
      cause,
    })
  } finally {
    stream.destroy()
  }
}

/** Reads a plain file into reused buffers; the unfinished tail of a chunk goes in front of the next one. */
async function* plainChunks(
  { file, origin, size, credits, context }: PlainReading,
  start: number,
): AsyncGenerator<Chunk> {
  const buffers = new Buffers()
  for (let [at, end] = [start, false]; !end;) {
    await credits.take()
    if (context.signal.aborted) return
    // One byte more than there should be: a read that comes back short has met the end.
    const wanted = size > at ? Math.min(context.pace.bytes, size - at + 1) : context.limits.batchBytesMin
    const buffer = buffers.take(headroomBytes + wanted)
    const { bytesRead } = await file.read(buffer, headroomBytes, wanted, at).catch((cause: unknown) => {
      throw new PipelineError('source/read', { what: `cannot read ${origin.name} at byte ${at}`, cause })
    })
    const ack = (): void => {
      buffers.give(buffer)
      credits.give()
    }
    end = bytesRead < wanted
    const bytes = buffer.subarray(headroomBytes, headroomBytes + bytesRead)
    yield { origin, bytes, headroom: headroomBytes, at, end: end ? 'end' : 'more', ack }
    at += bytesRead
  }
}
