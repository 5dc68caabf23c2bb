import { opWords } from '../../native/layout.ts'
import { word, writeKinds, type Writes } from '../../native/records.ts'

/**
 * A write as lmdb takes it, without an object of its own: key and value are places in an arena, of which `start` and
 * `end` are those of the value. lmdb knows such values from its encoders, and reads both places before a put returns;
 * what they hold it reads when it writes.
 */
export class ArenaWrite extends Uint8Array<ArrayBufferLike> {
  table = 0
  start = 0
  end = 0
  keyStart = 0
  keyEnd = 0

  /** A place in the arena of some writes. */
  static over({ arena }: Writes): ArenaWrite {
    return new ArenaWrite(arena.buffer, arena.byteOffset, arena.length)
  }

  /** Moves on to write `index` of those; whether it puts a value there, or deletes what is there. */
  moveTo({ ops }: Writes, index: number): boolean {
    const at = index * opWords
    this.table = word(ops, at)
    this.keyStart = word(ops, at + 2)
    this.keyEnd = word(ops, at + 3)
    // lmdb counts from the start of the memory.
    this.start = this.byteOffset + this.keyEnd
    this.end = this.byteOffset + word(ops, at + 4)
    return word(ops, at + 1) === writeKinds.put
  }
}

/** Writes and reads keys of bytes for lmdb. */
export const keyEncoder = {
  writeKey(key: Uint8Array, target: Uint8Array, position: number): number {
    const isPlace = key instanceof ArenaWrite
    const from = isPlace ? key.keyStart : 0
    const size = (isPlace ? key.keyEnd : key.length) - from
    // Byte by byte: lmdb's memory is shared between threads, where `set` takes several times as long.
    for (let at = 0; at < size; at += 1) target[position + at] = key[from + at] ?? 0
    return position + size
  },

  /** A copy: lmdb uses the memory again. */
  readKey: (source: Uint8Array, start: number, end: number): Uint8Array =>
    new Uint8Array(source.subarray(start, end)),
}
