/** Partitions that a member wishes for: those that it wants most, then others. */
export type Wishes = readonly (readonly number[])[]

/**
 * Shares partitions out among members, by name: each gets as many as any other or one less, and first those that it
 * wishes for; the first wishes of all go before the second ones of any. The same wishes lead to the same shares.
 */
export function shares(
  partitions: number,
  wishes: ReadonlyMap<string, Wishes>,
): ReadonlyMap<string, readonly number[]> {
  const members = [...wishes.keys()].toSorted()
  const given = new Map(members.map((member): [string, number[]] => [member, []]))
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition))
  let larger = partitions % Math.max(1, members.length)
  const least = Math.floor(partitions / Math.max(1, members.length))
  const ranks = Math.max(0, ...Array.from(wishes.values(), ({ length }) => length))
  for (let rank = 0; rank < ranks; rank += 1) {
    const wished = (member: string): readonly number[] => wishes.get(member)?.[rank] ?? []
    const eager = members.toSorted((a, b) => wished(b).length - wished(a).length || (a < b ? -1 : 1))
    for (const member of eager) {
      const share = given.get(member) ?? []
      for (const partition of wished(member)) {
        if (!free.has(partition) || share.length > least || (share.length === least && larger === 0)) continue
        if (share.length === least) larger -= 1
        share.push(partition)
        free.delete(partition)
      }
    }
  }
  const sizeOf = (member: string): number => given.get(member)?.length ?? 0
  for (const partition of free) {
    const [smallest] = members.toSorted((a, b) => sizeOf(a) - sizeOf(b) || (a < b ? -1 : 1))
    if (smallest !== undefined) given.get(smallest)?.push(partition)
  }
  return given
}
