/**
 * Shares partitions out among members, by name: each gets as many as any other or one less, and first those that it
 * wishes for. The same wishes lead to the same shares.
 */
export function shares(
  partitions: number,
  wishes: ReadonlyMap<string, readonly number[]>,
): ReadonlyMap<string, readonly number[]> {
  const members = [...wishes.keys()].toSorted()
  const given = new Map(members.map((member): [string, number[]] => [member, []]))
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition))
  let larger = partitions % Math.max(1, members.length)
  const least = Math.floor(partitions / Math.max(1, members.length))
  for (const member of members.toSorted((a, b) => held(wishes, b) - held(wishes, a) || (a < b ? -1 : 1))) {
    const share = given.get(member) ?? []
    for (const partition of wishes.get(member) ?? []) {
      if (!free.has(partition) || share.length > least || (share.length === least && larger === 0)) continue
      if (share.length === least) larger -= 1
      share.push(partition)
      free.delete(partition)
    }
  }
  for (const partition of free) {
    const [smallest] = members.toSorted((a, b) => sizeOf(given, a) - sizeOf(given, b) || (a < b ? -1 : 1))
    if (smallest !== undefined) given.get(smallest)?.push(partition)
  }
  return given
}

const held = (wishes: ReadonlyMap<string, readonly number[]>, member: string): number =>
  wishes.get(member)?.length ?? 0

const sizeOf = held
