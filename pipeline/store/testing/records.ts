import { requestModes, writeKinds, type Requests, type Writes } from '../../../native/records.ts'
import { tableNumber, type TableName } from '../../../native/tables.ts'

/** Keys and values in tests are strings of one character a byte. */
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

class Arena {
  readonly #parts: Uint8Array[] = []
  #length = 0

  add(text: string): [start: number, end: number] {
    const bytes = bytesOf(text)
    this.#parts.push(bytes)
    this.#length += bytes.length
    return [this.#length - bytes.length, this.#length]
  }

  bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.#parts))
  }
}

/** Writes in the layout that the engine makes. One without a value is a deletion. */
export function writesOf(changes: readonly { table: TableName; key: string; value?: string }[]): Writes {
  const arena = new Arena()
  const ops = changes.flatMap(({ table, key, value }) => {
    const [keyStart, keyEnd] = arena.add(key)
    const valueEnd = value === undefined ? keyEnd : arena.add(value)[1]
    return [
      tableNumber(table),
      value === undefined ? writeKinds.delete : writeKinds.put,
      keyStart,
      keyEnd,
      valueEnd,
    ]
  })
  return { ops: Uint32Array.from(ops), arena: arena.bytes() }
}

export interface Asked {
  readonly table: TableName
  readonly key: string
  readonly prefix?: boolean
  /** Of a range, the key before which it ends. */
  readonly to?: string
  /** Records of a prefix, bytes of a range. */
  readonly limit?: number
}

/** Requests in the layout that the engine makes. */
export function requestsOf(asked: readonly Asked[]): Requests {
  const arena = new Arena()
  const mode = ({ prefix, to }: Asked): number =>
    requestModes[to !== undefined ? 'range' : prefix ? 'prefix' : 'get']
  const ops = asked.flatMap((one) => [
    tableNumber(one.table),
    mode(one),
    ...arena.add(one.key + (one.to ?? '')),
    one.limit ?? 0,
  ])
  return { ops: Uint32Array.from(ops), arena: arena.bytes() }
}

/** Fetched records as [key, value] pairs per request. */
export function decodeFetched(fetched: Uint8Array): [string, string][][] {
  const view = new DataView(fetched.buffer, fetched.byteOffset, fetched.length)
  const text = (start: number, end: number): string =>
    Buffer.from(fetched.slice(start, end)).toString('latin1')
  const answers: [string, string][][] = []
  for (let at = 0; at < fetched.length;) {
    const count = view.getUint32(at, true)
    at += 4
    const records: [string, string][] = []
    for (let index = 0; index < count; index += 1) {
      const keyEnd = at + 8 + view.getUint32(at, true)
      const valueEnd = keyEnd + view.getUint32(at + 4, true)
      records.push([text(at + 8, keyEnd), text(keyEnd, valueEnd)])
      at = valueEnd
    }
    answers.push(records)
  }
  return answers
}
