/** The polynomial of CRC-32C (Castagnoli), its bits in reverse. */
const polynomial = 0x82f63b78

/** Bytes that are taken in one step, each with a table of its own. */
const width = 8
const size = 256

const tables = ((): Int32Array => {
  const made = new Int32Array(width * size)
  for (let byte = 0; byte < size; byte += 1) {
    let crc = byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    made[byte] = crc
  }
  for (let at = size; at < made.length; at += 1) {
    const before = made[at - size] as number
    made[at] = (before >>> 8) ^ (made[before & 0xff] as number)
  }
  return made
})()

const entry = (table: number, byte: number): number => tables[table * size + byte] as number

/** The CRC-32C of bytes, as record batches carry it: an unsigned number of 32 bits. */
export function crc32c(bytes: Uint8Array, from = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let crc = -1
  let at = from
  for (; at + width <= bytes.length; at += width) {
    const low = crc ^ view.getInt32(at, true)
    const high = view.getInt32(at + 4, true)
    crc =
      entry(7, low & 0xff) ^
      entry(6, (low >>> 8) & 0xff) ^
      entry(5, (low >>> 16) & 0xff) ^
      entry(4, low >>> 24) ^
      entry(3, high & 0xff) ^
      entry(2, (high >>> 8) & 0xff) ^
      entry(1, (high >>> 16) & 0xff) ^
      entry(0, high >>> 24)
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ entry(0, (crc ^ view.getUint8(at)) & 0xff)
  return ~crc >>> 0
}
