// Fills a database until the disk is full; prints how far it came, the error, and what is there after opening again.
import { openStore } from '../../dist/pipeline/store/lmdb.js'

const directory = process.argv[2]
const valueBytes = 100_000

async function fill(store) {
  for (let acknowledged = 0; ; acknowledged += 1) {
    const arena = new Uint8Array(8 + valueBytes)
    new DataView(arena.buffer).setUint32(4, acknowledged)
    const writes = { ops: Uint32Array.of(2, 0, 0, 8, arena.length), arena }
    try {
      await store.commit(writes, new Map())
    } catch ({ code, message, next }) {
      return { acknowledged, code, message, next }
    }
  }
}

const store = await openStore(directory)
const outcome = await fill(store)
await store.close()
const again = await openStore(directory)
console.log(JSON.stringify({ ...outcome, reopened: again.count('log') }))
await again.close()
